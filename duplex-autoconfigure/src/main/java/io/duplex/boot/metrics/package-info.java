/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Micrometer meters of Duplex proxies.
 */
@NullMarked
package io.duplex.boot.metrics;

import org.jspecify.annotations.NullMarked;
