/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Health of Duplex proxies.
 */
@NullMarked
package io.duplex.boot.health;

import org.jspecify.annotations.NullMarked;
