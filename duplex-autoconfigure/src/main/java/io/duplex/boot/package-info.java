/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Duplex proxies in a Spring application: where they come from, who starts and stops
 * them, and what is told about it.
 */
@NullMarked
package io.duplex.boot;

import org.jspecify.annotations.NullMarked;
