/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Auto-configuration for Duplex.
 */
@NullMarked
package io.duplex.boot.autoconfigure;

import org.jspecify.annotations.NullMarked;
