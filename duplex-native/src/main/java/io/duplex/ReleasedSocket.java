/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

/**
 * A socket that the engine has given back.
 *
 * @param descriptor the file descriptor, which the owner of this record must close
 * @param unread bytes that were received from it and not read by anybody: a read-only
 * buffer, often empty
 */
public record ReleasedSocket(int descriptor, ByteBuffer unread) {

}
