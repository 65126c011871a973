/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * Which joins to list.
 *
 * @param proxy only those of the proxy with this name; null for all
 * @param after {@link JoinPage#next()} of the page before; null for the first page
 * @param limit most joins on the page, at least 1
 */
public record JoinQuery(@Nullable String proxy, @Nullable String after, int limit) {

	/**
	 * Limit of {@link #first()}.
	 */
	public static final int DEFAULT_LIMIT = 100;

	/**
	 * Create a query.
	 * @throws IllegalArgumentException when the limit is not positive, or {@code after}
	 * no cursor
	 */
	public JoinQuery {
		if (limit < 1) {
			throw new IllegalArgumentException("limit must be at least 1: " + limit);
		}
		if (after != null) {
			try {
				Long.parseUnsignedLong(after);
			}
			catch (NumberFormatException ex) {
				throw new IllegalArgumentException("after is not the cursor of a page: '" + after + "'", ex);
			}
		}
	}

	/**
	 * The first page of all joins.
	 * @return the query
	 */
	public static JoinQuery first() {
		return new JoinQuery(null, null, DEFAULT_LIMIT);
	}

}
