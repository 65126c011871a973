/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.actuate.endpoint;

/**
 * Numbers of bytes.
 *
 * @param fromClient bytes delivered to backends
 * @param fromBackend bytes delivered to clients
 */
public record BytesDescriptor(long fromClient, long fromBackend) {

}
