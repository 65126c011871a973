/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class PutBackTests {

	private final PutBack putBack = new PutBack();

	@Test
	void bytesComeBackInTheirOrder() {
		assertThat(this.putBack.isEmpty()).isTrue();
		this.putBack.add(bytes("abc"));
		this.putBack.add(bytes(""));
		this.putBack.add(bytes("de"));
		assertThat(take(2)).isEqualTo("ab");
		this.putBack.add(bytes("f"));
		assertThat(take(3)).isEqualTo("cde");
		assertThat(this.putBack.isEmpty()).isFalse();
		assertThat(take(3)).isEqualTo("f");
		assertThat(this.putBack.isEmpty()).isTrue();
		assertThat(take(3)).isEmpty();
	}

	@Test
	void allCanBeTakenAtOnce() {
		this.putBack.add(bytes("abc"));
		take(1);
		assertThat(StandardCharsets.US_ASCII.decode(this.putBack.takeAll()).toString()).isEqualTo("bc");
		assertThat(this.putBack.isEmpty()).isTrue();
	}

	private static ByteBuffer bytes(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
	}

	private String take(int most) {
		ByteBuffer buffer = ByteBuffer.allocate(most);
		int count = this.putBack.take(buffer);
		assertThat(buffer.position()).isEqualTo(count);
		return StandardCharsets.US_ASCII.decode(buffer.flip()).toString();
	}

}
