/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The binding of libduplex. Of no use to anybody but {@code io.duplex}.
 */
@NullMarked
package io.duplex.ffi;

import org.jspecify.annotations.NullMarked;
