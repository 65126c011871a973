/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.net.InetAddress;
import java.net.UnknownHostException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class DuplexAddressTests {

	@ParameterizedTest
	@ValueSource(strings = { "tcp://127.0.0.1:80", "tcp://0.0.0.0:0", "tcp://[::1]:65535", "tcp://[::]:80",
			"tcp://[2001:db8::1:0:0:1]:80", "tcp://[fe80::1%1]:80", "tcp://localhost:80",
			"tcp://redis-1.example.com:6379", "tcp://under_score:1", "unix:///run/app.sock", "unix://@abstract" })
	void textOfAnAddressIsWhatItWasReadFrom(String text) {
		DuplexAddress address = DuplexAddress.of(text);
		assertThat(address).hasToString(text)
			.isEqualTo(DuplexAddress.of(text))
			.hasSameHashCodeAs(DuplexAddress.of(text));
	}

	@ParameterizedTest
	@CsvSource({ "tcp://[0:0:0:0:0:0:0:1]:80, tcp://[::1]:80",
			"tcp://[2001:DB8:0:0:1:0:0:1]:80, tcp://[2001:db8::1:0:0:1]:80",
			"tcp://[1:0:3:4:5:6:7:8]:1, tcp://[1:0:3:4:5:6:7:8]:1",
			"tcp://[1:2:3:4:5:6:0:0]:1, tcp://[1:2:3:4:5:6::]:1", "tcp://[::ffff:1.2.3.4]:80, tcp://1.2.3.4:80" })
	void ipAddressesHaveOneText(String text, String canonical) {
		assertThat(DuplexAddress.of(text)).hasToString(canonical).isEqualTo(DuplexAddress.of(canonical));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "localhost:80", "http://localhost:80", "tcp://", "tcp://localhost", "tcp://:80",
			"tcp://localhost:", "tcp://localhost:65536", "tcp://localhost:-1", "tcp://localhost:+1",
			"tcp://localhost:1 ", "tcp://::1:80", "tcp://[::1]", "tcp://[::1:80", "tcp://[1.2.3.4]:80",
			"tcp://[localhost]:80", "tcp://[::g]:80", "tcp://[::1%]:80", "tcp://[::1%nosuchinterface]:80",
			"tcp://1.2.3:80", "tcp://1.2.3.256:80", "tcp://01.2.3.4:80", "tcp://1.2.3.4.5:80", "tcp://80:80",
			"tcp://a b:80", "tcp://host/path:80", "unix://", "unix:///", "unix://@", "unix://relative/path",
			"unix:/run/app.sock", "UNIX:///run/app.sock" })
	void whatIsNoAddressIsRefusedWithItsText(String text) {
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexAddress.of(text))
			.withMessageContaining("'" + text + "'");
	}

	@Test
	void aUnixPathHas107BytesAtMost() {
		assertThat(DuplexAddress.unix("/" + "x".repeat(106)).path()).hasSize(107);
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexAddress.unix("/" + "x".repeat(107)));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexAddress.unix("/" + "\u00e4".repeat(54)));
	}

	@Test
	void aTcpAddressHasHostAndPortAndNoPath() throws UnknownHostException {
		DuplexAddress address = DuplexAddress.of("tcp://[::1]:80");
		assertThat(address.isTcp()).isTrue();
		assertThat(address.isName()).isFalse();
		assertThat(address.host()).isEqualTo("::1");
		assertThat(address.port()).isEqualTo(80);
		assertThat(address.path()).isEmpty();
		assertThat(address.ip()).contains(InetAddress.getByName("::1"));
		assertThat(address.label()).isEqualTo("[::1]:80");
		assertThat(address.withPort(81)).hasToString("tcp://[::1]:81");
	}

	@Test
	void aNameIsNotResolved() {
		DuplexAddress address = DuplexAddress.of("tcp://no.such.host.invalid:80");
		assertThat(address.isName()).isTrue();
		assertThat(address.ip()).isEmpty();
		assertThat(address.label()).isEqualTo("no.such.host.invalid:80");
		assertThat(address.withPort(81)).hasToString("tcp://no.such.host.invalid:81");
	}

	@Test
	void aUnixAddressHasAPathAndNoPort() {
		DuplexAddress address = DuplexAddress.of("unix:///run/app.sock");
		assertThat(address.isTcp()).isFalse();
		assertThat(address.isUnnamed()).isFalse();
		assertThat(address.host()).isEmpty();
		assertThat(address.port()).isZero();
		assertThat(address.path()).isEqualTo("/run/app.sock");
		assertThat(address.label()).isEqualTo("app.sock");
		assertThat(address.withPort(81)).isSameAs(address);
		assertThat(DuplexAddress.of("unix://@name").label()).isEqualTo("@name");
	}

	@Test
	void partsMakeAnAddress() throws UnknownHostException {
		assertThat(DuplexAddress.tcp("::1", 80)).isEqualTo(DuplexAddress.of("tcp://[::1]:80"));
		assertThat(DuplexAddress.tcp("localhost", 80)).isEqualTo(DuplexAddress.of("tcp://localhost:80"));
		assertThat(DuplexAddress.tcp(InetAddress.getByName("1.2.3.4"), 80))
			.isEqualTo(DuplexAddress.of("tcp://1.2.3.4:80"));
		assertThatIllegalArgumentException().isThrownBy(() -> DuplexAddress.tcp("a:b", 80));
		assertThatIllegalArgumentException()
			.isThrownBy(() -> DuplexAddress.tcp(InetAddress.getLoopbackAddress(), 65536));
	}

	@Test
	void addressesDifferInEachPart() {
		assertThat(DuplexAddress.of("tcp://1.2.3.4:80")).isNotEqualTo(DuplexAddress.of("tcp://1.2.3.4:81"))
			.isNotEqualTo(DuplexAddress.of("tcp://1.2.3.5:80"))
			.isNotEqualTo(DuplexAddress.of("unix:///a"))
			.isNotEqualTo(null);
		assertThat(DuplexAddress.of("unix:///a")).isNotEqualTo(DuplexAddress.of("unix:///b"));
	}

}
