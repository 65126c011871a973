/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * Why a mirror gets no more.
 */
public enum TeeEndReason {

	/**
	 * Stopped by {@link Tee#close()}.
	 */
	STOPPED,

	/**
	 * The mirror had fallen further behind than it may.
	 */
	BEHIND,

	/**
	 * The mirror was closed, reset or otherwise broken.
	 */
	MIRROR_GONE,

	/**
	 * The join, or its mirrored direction, has ended.
	 */
	JOIN_ENDED,

	/**
	 * The engine was closed.
	 */
	SHUT_DOWN,

	/**
	 * {@link TeeEnd#error()} was met by the engine.
	 */
	ERROR

}
