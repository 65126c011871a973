/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Support for tests of applications that use Duplex.
 */
@NullMarked
package io.duplex.boot.test;

import org.jspecify.annotations.NullMarked;
