/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * An application that shows Duplex: a declared proxy, a routed one, a WebSocket gateway
 * with a page, and sockets that are joined by hand. It needs nothing else on the machine.
 */
@NullMarked
package io.duplex.sample;

import org.jspecify.annotations.NullMarked;
