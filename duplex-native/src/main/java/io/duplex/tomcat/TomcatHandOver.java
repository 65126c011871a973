/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.tomcat;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexSocket;
import jakarta.servlet.http.WebConnection;
import org.apache.coyote.http11.upgrade.InternalHttpUpgradeHandler;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.SSLSupport;
import org.apache.tomcat.util.net.SecureNioChannel;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * Takes an HTTP connection over from Tomcat, once it is upgraded:
 *
 * <pre class="code">
 * response.setHeader("Upgrade", "tunnel");
 * response.setHeader("Connection", "Upgrade");
 * request.upgrade(TomcatHandOver.class).to(engine, (socket) -> engine.join(socket, backend));
 * </pre>
 *
 * Tomcat sends the answer (101) when the servlet returns, and then hands over: bytes that
 * it had read already are received or joined first, and it forgets the connection, which
 * its limits do not count any more. For connectors of Tomcat's NIO kind, without TLS.
 */
public final class TomcatHandOver implements InternalHttpUpgradeHandler {

	private @Nullable DuplexEngine engine;

	private @Nullable Consumer<DuplexSocket> taker;

	private @Nullable SocketWrapperBase<?> wrapper;

	/**
	 * For {@code HttpServletRequest.upgrade()} alone.
	 */
	public TomcatHandOver() {
	}

	/**
	 * Say who gets the connection.
	 * @param engine the engine
	 * @param taker gets the socket, on a thread of Tomcat's; what it throws closes the
	 * connection and is logged by Tomcat
	 */
	public void to(DuplexEngine engine, Consumer<DuplexSocket> taker) {
		this.engine = engine;
		this.taker = taker;
	}

	@Override
	public void setSocketWrapper(SocketWrapperBase<?> wrapper) {
		this.wrapper = wrapper;
	}

	@Override
	public void setSslSupport(@Nullable SSLSupport sslSupport) {
		// Refused when the connection is taken: it has a channel of another kind.
	}

	@Override
	public void init(WebConnection connection) {
		DuplexEngine engine = this.engine;
		Consumer<DuplexSocket> taker = this.taker;
		SocketWrapperBase<?> wrapper = this.wrapper;
		if (engine == null || taker == null || wrapper == null) {
			throw new IllegalStateException("nobody takes the connection: call to(engine, taker) after upgrade()");
		}
		DuplexSocket socket = take(engine, wrapper);
		try {
			taker.accept(socket);
		}
		catch (RuntimeException ex) {
			socket.close();
			throw ex;
		}
	}

	private static DuplexSocket take(DuplexEngine engine, SocketWrapperBase<?> wrapper) {
		Object channel = wrapper.getSocket();
		if (channel instanceof SecureNioChannel) {
			throw new DuplexException("adopt", wrapper.toString(), null,
					"it is encrypted, and an engine would pass the ciphertext on as it is", null);
		}
		if (!(channel instanceof NioChannel nio)) {
			throw new DuplexException("adopt", wrapper.toString(), null,
					"the connector is not one of Tomcat's NIO kind", null);
		}
		return engine.adopt(nio.getIOChannel(), unread(wrapper));
	}

	/** What Tomcat has read beyond the request; the rest is in the kernel still. */
	private static ByteBuffer unread(SocketWrapperBase<?> wrapper) {
		SocketBufferHandler buffers = wrapper.getSocketBufferHandler();
		buffers.configureReadBufferForRead();
		return buffers.getReadBuffer();
	}

	@Override
	public SocketState upgradeDispatch(SocketEvent event) {
		return SocketState.CLOSED;
	}

	@Override
	public void timeoutAsync(long now) {
		// Nothing is asynchronous.
	}

	@Override
	public void pause() {
		// The connection is nobody's business here any more.
	}

	@Override
	public void destroy() {
		// Likewise.
	}

}
