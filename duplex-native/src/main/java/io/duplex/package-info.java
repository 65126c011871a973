/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Sockets that are joined inside the kernel: the engine, managed sockets, joins and
 * proxies. {@link io.duplex.DuplexEngine} is where to begin.
 */
@NullMarked
package io.duplex;

import org.jspecify.annotations.NullMarked;
