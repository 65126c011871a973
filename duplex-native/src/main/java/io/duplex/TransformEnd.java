/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How a {@link TransformJoin} ended.
 *
 * @param reason why: {@link JoinEndReason#ERROR} when a function threw something
 * @param side who caused it: for a function, the side whose bytes it was given
 * @param cause what the function threw, or what went wrong with a socket, or null
 * @param counts what was moved
 * @param duration the age that it reached
 */
public record TransformEnd(JoinEndReason reason, JoinSide side, @Nullable Throwable cause, TransformCounts counts,
		Duration duration) {

}
