/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

@Timeout(120)
class JoinLimitsTests {

	private static final int MEGABYTE = 1_000_000;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final Pair a = this.peers.open();

	private final Pair b = this.peers.open();

	private Join join(JoinOptions options) {
		return this.engine.join(this.a.socket(), this.b.socket(), options);
	}

	private static JoinOptions withRate(long rate) {
		return JoinOptions.DEFAULTS.withLimits(JoinLimits.NONE.withRates(rate, rate));
	}

	private static JoinOptions withMaxBytes(long bytes) {
		return JoinOptions.DEFAULTS.withLimits(JoinLimits.NONE.withMaxBytes(bytes));
	}

	private Duration timeOf(long bytes) throws IOException {
		long begin = System.nanoTime();
		CompletableFuture<Void> written = RandomStream.writeAsync(1, bytes, this.a.peer().getOutputStream());
		RandomStream.verify(1, bytes, this.b.peer().getInputStream());
		soon(written);
		return Duration.ofNanos(System.nanoTime() - begin);
	}

	@Test
	void aJoinIsNotFasterThanItMayBe() throws IOException {
		join(withRate(MEGABYTE));
		assertThat(timeOf(2 * MEGABYTE)).isGreaterThan(Duration.ofMillis(1500));
	}

	@Test
	void aRateIsOfOneDirection() throws IOException {
		join(JoinOptions.DEFAULTS.withLimits((limits) -> limits.withRates(0, 1)));
		assertThat(timeOf(32 * MEGABYTE)).isLessThan(Duration.ofSeconds(30));
	}

	@Test
	void aJoinEndsWithExactlyAsManyBytesAsItMayMove() throws IOException {
		long most = 3 * MEGABYTE + 17;
		Join join = join(withMaxBytes(most));
		CompletableFuture<Long> verified = RandomStream.verifyToEndAsync(1, this.b.peer().getInputStream());
		RandomStream.writeAsync(1, 8 * MEGABYTE, this.a.peer().getOutputStream());
		JoinEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.BYTES);
		assertThat(end.bytesFromClient()).isEqualTo(most);
		assertThat(end.pendingFromClient()).isZero();
		assertThat(soon(verified)).isEqualTo(most);
	}

	@Test
	void bytesOfBothDirectionsCount() {
		Join join = join(withMaxBytes(9));
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		this.b.write("back and more");
		assertThat(this.a.read(4)).isEqualTo("back");
		JoinEnd end = soon(join.end());
		assertThat(end.reason()).isEqualTo(JoinEndReason.BYTES);
		assertThat(end.bytesFromBackend()).isEqualTo(4);
	}

	@Test
	void limitsAreChangedWhileTheJoinRuns() throws IOException {
		Join join = join(withRate(1));
		this.a.write("x");
		assertThat(this.b.read(1)).isEqualTo("x");
		join.limit(JoinLimits.NONE);
		assertThat(timeOf(8 * MEGABYTE)).isLessThan(Duration.ofSeconds(30));
		assertThat(this.engine.limitJoin(join.idText(), JoinLimits.NONE.withRates(MEGABYTE, MEGABYTE))).isTrue();
		assertThat(timeOf(2 * MEGABYTE)).isGreaterThan(Duration.ofMillis(1500));
		soon(join.limitAsync(JoinLimits.NONE.withMaxLifetime(Duration.ofMillis(1))));
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.LIFETIME);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> join.limit(JoinLimits.NONE));
		assertThat(this.engine.limitJoin(join.id(), JoinLimits.NONE)).isFalse();
		assertThat(this.engine.limitJoin("no id", JoinLimits.NONE)).isFalse();
	}

	@Test
	void limitsAreDescribed() {
		JoinLimits limits = new JoinLimits(Duration.ofMinutes(1), Duration.ofSeconds(2), Duration.ofDays(3), 4L << 30,
				5L << 30, 6L << 30);
		Join join = join(JoinOptions.of(JoinOption.LOSSY).withMaxLag(777).withLimits(limits));
		assertThat(join.snapshot().limits()).isEqualTo(limits);
		assertThat(join.snapshot().maxLag()).isEqualTo(777);
		JoinLimits others = limits.withIdleTimeout(Duration.ZERO).withRates(0, 7);
		join.limit(others);
		assertThat(this.engine.joins(JoinQuery.first()).joins()).singleElement()
			.satisfies((row) -> assertThat(row.limits()).isEqualTo(others))
			.satisfies((row) -> assertThat(row.maxLag()).isEqualTo(777));
		join.unjoin();
		Join plain = join(JoinOptions.DEFAULTS);
		assertThat(plain.snapshot().limits()).isEqualTo(JoinLimits.NONE);
		assertThat(plain.snapshot().maxLag()).isZero();
	}

	@Test
	void bytesThatHaveMovedCountWhenTheLimitIsSet() {
		Join join = join(JoinOptions.DEFAULTS);
		this.a.write("forth");
		assertThat(this.b.read(5)).isEqualTo("forth");
		join.limit(JoinLimits.NONE.withMaxBytes(3));
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.BYTES);
	}

	@Test
	void anIdleLimitIsSetWhileTheJoinRuns() {
		Join join = join(JoinOptions.DEFAULTS);
		join.limit(JoinLimits.NONE.withIdleTimeout(Duration.ofMillis(20)));
		assertThat(soon(join.end()).reason()).isEqualTo(JoinEndReason.IDLE);
	}

	@Test
	void negativeLimitsAreRefusedByName() {
		Duration negative = Duration.ofMillis(-1);
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withMaxBytes(-1))
			.withMessage("maxBytes must not be negative: -1");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withRates(-2, 0))
			.withMessage("rateFromClient must not be negative: -2");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withRates(0, -3))
			.withMessage("rateFromBackend must not be negative: -3");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withIdleTimeout(negative))
			.withMessageStartingWith("idleTimeout must not be negative");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withHalfCloseTimeout(negative))
			.withMessageStartingWith("halfCloseTimeout must not be negative");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinLimits.NONE.withMaxLifetime(negative))
			.withMessageStartingWith("maxLifetime must not be negative");
		assertThatIllegalArgumentException().isThrownBy(() -> JoinOptions.DEFAULTS.withMaxLag(-1))
			.withMessage("maxLag must not be negative: -1");
	}

}
