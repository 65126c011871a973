/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Some of the joins. Joins that exist during the whole listing are listed once, rarely
 * twice; their order means nothing.
 *
 * @param joins the page, full unless it is the last
 * @param next for {@link JoinQuery#after()} of the next page, or null after the last
 */
public record JoinPage(List<JoinSnapshot> joins, @Nullable String next) {

	/**
	 * Create a page.
	 */
	public JoinPage {
		joins = List.copyOf(joins);
	}

}
