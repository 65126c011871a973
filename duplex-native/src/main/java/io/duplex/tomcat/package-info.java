/*
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Takes connections over from Tomcat. Optional: nothing else needs Tomcat.
 */
@NullMarked
package io.duplex.tomcat;

import org.jspecify.annotations.NullMarked;
