/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Actuator endpoints for Duplex.
 */
@NullMarked
package io.duplex.boot.actuate.endpoint;

import org.jspecify.annotations.NullMarked;
