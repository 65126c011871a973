/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.container;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/**
 * An application with one proxy, called {@code service}.
 */
@SpringBootConfiguration
@EnableAutoConfiguration
class ContainerTestApplication {

}
