/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How a tee ended.
 *
 * @param reason why
 * @param error the error, for example {@code "ECONNRESET: Connection reset by peer"}, or
 * null
 * @param counts what it has mirrored
 * @param duration the age that it reached
 */
public record TeeEnd(TeeEndReason reason, @Nullable String error, TeeCounts counts, Duration duration) {

}
