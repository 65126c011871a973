/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

/**
 * An engine's counters. Each is exact; they are not read at one instant.
 *
 * @param workers threads that move bytes
 * @param uptime age of the engine
 * @param sockets managed sockets, now
 * @param joinsActive joins, now
 * @param joinsTotal joins since the start
 * @param bytes delivered by all joins since the start
 * @param bytesSpliced those of them that never entered user space
 * @param pipesInUse pipes with data in flight
 * @param pipesPooled empty pipes, ready for use
 * @param pipesRefused how often bytes were copied because no pipe was to be had
 * @param descriptors descriptors owned now, pipes included
 * @param descriptorsMax the limit in force
 * @param exhausted how often accepting or connecting met a lack of descriptors, memory or
 * ports
 * @param pipeSize bytes of a pipe
 * @param messageMemory bytes in which messages are put together, now
 * @param messageBudget the limit of that
 */
public record EngineStatistics(int workers, Duration uptime, long sockets, long joinsActive, long joinsTotal,
		long bytes, long bytesSpliced, long pipesInUse, long pipesPooled, long pipesRefused, long descriptors,
		long descriptorsMax, long exhausted, int pipeSize, long messageMemory, long messageBudget) {

}
