/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.container;

import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

import io.duplex.boot.test.LocalDuplexPort;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests with PostgreSQL behind a proxy.
 */
@Testcontainers(disabledWithoutDocker = true)
@LocalImage
@SpringBootTest(properties = "spring.config.name=containers")
@DirtiesContext
class PostgresContainerTests {

	private static final String START = """
			set -e
			bin=$(echo /usr/lib/postgresql/*/bin)
			runuser -u postgres -- $bin/initdb --pgdata=/tmp/data --auth=trust --no-locale --encoding=UTF8
			echo 'host all all all trust' >> /tmp/data/pg_hba.conf
			exec runuser -u postgres -- $bin/postgres -D /tmp/data -h '*' -k /tmp -c fsync=off
			""";

	private static final int ROWS = 300_000;

	@Container
	private static final GenericContainer<?> POSTGRES = new GenericContainer<>(LocalImage.NAME)
		.withCommand("bash", "-c", START)
		.withExposedPorts(5432)
		.waitingFor(Wait.forLogMessage(".*database system is ready to accept connections.*", 1));

	@LocalDuplexPort("service")
	private int port;

	@DynamicPropertySource
	static void backend(DynamicPropertyRegistry registry) {
		registry.add("container.host", POSTGRES::getHost);
		registry.add("container.port", POSTGRES::getFirstMappedPort);
	}

	@Test
	void transactionWithALargeCopy() throws Exception {
		String rows = rows();
		try (Connection connection = connect(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("create table item (id int primary key, text text not null)");
			CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
			assertThat(copy.copyIn("copy item from stdin with csv", new StringReader(rows))).isEqualTo(ROWS);
			try (Connection other = connect()) {
				assertThat(exists(other)).as("seen by others before the commit").isFalse();
			}
			connection.commit();
			ByteArrayOutputStream out = new ByteArrayOutputStream(rows.length());
			assertThat(copy.copyOut("copy (select * from item order by id) to stdout with csv", out)).isEqualTo(ROWS);
			assertThat(out.toString(StandardCharsets.UTF_8).equals(rows)).as("what came back is what went in").isTrue();
			statement.execute("delete from item");
			connection.rollback();
		}
		try (Connection connection = connect(); Statement statement = connection.createStatement()) {
			ResultSet result = statement.executeQuery("select count(*) from item");
			result.next();
			assertThat(result.getInt(1)).as("rows after the rollback").isEqualTo(ROWS);
		}
	}

	private Connection connect() throws SQLException {
		return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + this.port + "/postgres", "postgres", "");
	}

	private boolean exists(Connection connection) throws SQLException {
		try (Statement statement = connection.createStatement();
				ResultSet result = statement.executeQuery("select to_regclass('item') is not null")) {
			result.next();
			return result.getBoolean(1);
		}
	}

	private static String rows() {
		StringBuilder rows = new StringBuilder();
		for (int i = 0; i < ROWS; i++) {
			rows.append(i)
				.append(",a row with enough text in it to make the whole large: ")
				.append(i * 7919L)
				.append('\n');
		}
		return rows.toString();
	}

}
