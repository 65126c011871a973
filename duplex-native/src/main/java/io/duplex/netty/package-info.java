/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Takes connections over from Netty. Optional: nothing else needs Netty.
 */
@NullMarked
package io.duplex.netty;

import org.jspecify.annotations.NullMarked;
