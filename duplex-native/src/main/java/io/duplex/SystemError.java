/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.Serializable;

/**
 * An error of the operating system.
 *
 * @param number the errno, positive
 * @param name its name, for example {@code EADDRINUSE}
 * @param text its text, for example {@code Address already in use}
 */
public record SystemError(int number, String name, String text) implements Serializable {

	@Override
	public String toString() {
		return this.name + ": " + this.text;
	}

}
