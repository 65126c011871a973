/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class MillisTests {

	@Test
	void aShortTimeIsNeverNone() {
		assertThat(Millis.limit(Duration.ZERO)).isOne();
		assertThat(Millis.limit(Duration.ofNanos(1))).isOne();
		assertThat(Millis.limitOrOff(Duration.ofNanos(1))).isOne();
		assertThat(Millis.limitOrOff(Duration.ofNanos(1_000_001))).isEqualTo(2);
	}

	@Test
	void zeroSwitchesOff() {
		assertThat(Millis.limitOrOff(Duration.ZERO)).isZero();
	}

	@Test
	void aTimeThatIsTooLongIsTheLongest() {
		assertThat(Millis.limit(Duration.ofDays(10000))).isEqualTo(Integer.MAX_VALUE);
		assertThat(Millis.limitOrOff(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(Long.MAX_VALUE);
	}

}
