/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.actuate.endpoint;

import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.util.Assert;

/**
 * {@link EndpointWebExtension @EndpointWebExtension} for the {@link DuplexJoinsEndpoint}:
 * whoever ends a join is told when there was none.
 */
@EndpointWebExtension(endpoint = DuplexJoinsEndpoint.class)
public class DuplexJoinsEndpointWebExtension {

	private final DuplexJoinsEndpoint delegate;

	/**
	 * Create a new extension.
	 * @param delegate the endpoint
	 */
	public DuplexJoinsEndpointWebExtension(DuplexJoinsEndpoint delegate) {
		Assert.notNull(delegate, "'delegate' must not be null");
		this.delegate = delegate;
	}

	/**
	 * End one join: both its connections are closed.
	 * @param id its id
	 * @return a response without a body: no content, or not found
	 */
	@DeleteOperation
	public WebEndpointResponse<Void> closeJoin(@Selector String id) {
		return new WebEndpointResponse<>(this.delegate.closeJoin(id) ? WebEndpointResponse.STATUS_NO_CONTENT
				: WebEndpointResponse.STATUS_NOT_FOUND);
	}

}
