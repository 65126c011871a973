/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.util.Map;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties of the sample.
 *
 * @param backends addresses of the backends, by their names
 * @param handshake the address on which {@link HandshakeServer} listens
 */
@ConfigurationProperties("sample")
record SampleProperties(Map<String, String> backends, String handshake) {

}
