/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.netty;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.DuplexClosedException;
import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexSocket;
import io.duplex.ffi.JavaObjects;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections over from Netty, of the NIO and of the native epoll transport.
 */
public final class NettyChannels {

	private static final String JAVA_CHANNEL = "ch:Ljava/nio/channels/SelectableChannel;";

	private NettyChannels() {
	}

	/**
	 * Take the connection of a channel over. Decoders are removed from its pipeline, and
	 * the bytes that they had not decoded are received or joined first; then the channel
	 * leaves its event loop and is closed, and cannot reach the connection any more.
	 * <p>
	 * To be called where the handshake ends: in a handler, on the event loop, for what
	 * comes next is then not decoded any more; what the application has sent before goes
	 * out first. Handlers that keep decoded messages keep them.
	 * @param engine the engine
	 * @param channel an open channel of a TCP or unix connection
	 * @return the socket; completes on the event loop. Fails with {@link DuplexException}
	 * for a channel with an {@code SslHandler}, whose bytes are ciphertext, and for one
	 * that is closed
	 */
	public static CompletionStage<DuplexSocket> adopt(DuplexEngine engine, Channel channel) {
		HandOver handOver = new HandOver(engine, channel);
		if (channel.eventLoop().inEventLoop()) {
			handOver.begin();
		}
		else {
			channel.eventLoop().execute(handOver::begin);
		}
		return handOver.socket.minimalCompletionStage();
	}

	private static final class HandOver {

		private final DuplexEngine engine;

		private final Channel channel;

		private final CompletableFuture<DuplexSocket> socket = new CompletableFuture<>();

		/**
		 * In the order in which their bytes were read: those nearest to the tail first.
		 */
		private final List<Collector> collectors = new ArrayList<>();

		HandOver(DuplexEngine engine, Channel channel) {
			this.engine = engine;
			this.channel = channel;
		}

		void begin() {
			try {
				requireAdoptable();
				this.channel.config().setAutoRead(false);
				// A client that ends its half meanwhile has not ended the connection.
				this.channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
				collect();
				// Behind what is being written, and behind the read that is going on.
				this.channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
					.addListener((written) -> this.channel.eventLoop().execute(this::leave));
			}
			catch (RuntimeException ex) {
				this.socket.completeExceptionally(ex);
			}
		}

		private void requireAdoptable() {
			if (this.channel.pipeline().get(SslHandler.class) != null) {
				throw refused(
						"it has an SslHandler: its bytes are ciphertext, and an engine would pass them on as they are");
			}
			if (!(this.channel instanceof DuplexChannel)) {
				throw refused("a " + this.channel.getClass().getName() + " is no connection");
			}
			if (!(this.channel instanceof UnixChannel) && javaChannel() == null) {
				throw refused("a " + this.channel.getClass().getName() + " has neither a descriptor nor a NIO channel");
			}
			requireOpen();
		}

		private void requireOpen() {
			if (!this.channel.isActive()) {
				throw new DuplexClosedException("adopt", this.channel.toString(), null, "it is closed");
			}
		}

		private DuplexException refused(String reason) {
			return new DuplexException("adopt", this.channel.toString(), null, reason, null);
		}

		private void collect() {
			ChannelPipeline pipeline = this.channel.pipeline();
			List<String> names = pipeline.names();
			for (int i = names.size() - 1; i >= 0; i--) {
				ChannelHandler handler = pipeline.get(names.get(i));
				if (handler instanceof ByteToMessageDecoder || handler instanceof CombinedChannelDuplexHandler<?, ?>) {
					// A decoder that is removed passes on what it has not decoded.
					Collector collector = new Collector();
					this.collectors.add(collector);
					pipeline.addAfter(names.get(i), null, collector);
					pipeline.remove(handler);
				}
			}
			Collector rest = new Collector();
			this.collectors.add(rest);
			pipeline.addFirst(rest);
		}

		private void leave() {
			this.channel.deregister().addListener((left) -> {
				try {
					this.socket.complete(take());
				}
				catch (RuntimeException ex) {
					this.socket.completeExceptionally(ex);
				}
				// Of a channel that was taken this closes the dead descriptor.
				this.channel.unsafe().close(this.channel.unsafe().voidPromise());
			});
		}

		private DuplexSocket take() {
			requireOpen();
			ByteArrayOutputStream unread = new ByteArrayOutputStream();
			this.collectors.forEach((collector) -> unread.writeBytes(collector.bytes.toByteArray()));
			ByteBuffer bytes = ByteBuffer.wrap(unread.toByteArray());
			SocketChannel connection = javaChannel();
			return (connection != null) ? this.engine.adopt(connection, bytes)
					: take(((UnixChannel) this.channel).fd().intValue(), bytes);
		}

		private @Nullable SocketChannel javaChannel() {
			return (JavaObjects.field(this.channel, JAVA_CHANNEL) instanceof SocketChannel connection) ? connection
					: null;
		}

		private DuplexSocket take(int descriptor, ByteBuffer unread) {
			int dead = require(JavaObjects.dx_java_dead());
			try {
				DuplexSocket adopted = adoptCopy(descriptor, unread);
				int buried = JavaObjects.dx_java_bury(descriptor, dead);
				if (buried < 0) {
					// One owner: the engine lets go of the connection without ending it.
					JavaObjects.dx_java_close(adopted.release().descriptor());
					require(buried);
				}
				return adopted;
			}
			finally {
				JavaObjects.dx_java_close(dead);
			}
		}

		private DuplexSocket adoptCopy(int descriptor, ByteBuffer unread) {
			int copy = require(JavaObjects.dx_java_dup(descriptor));
			try {
				return this.engine.adopt(copy, unread);
			}
			catch (RuntimeException ex) {
				JavaObjects.dx_java_close(copy);
				throw ex;
			}
		}

		private int require(int result) {
			if (result < 0) {
				throw refused("its descriptor cannot be taken (errno " + -result + ")");
			}
			return result;
		}

	}

	/** Keeps bytes, and whatever else comes, from the application's handlers. */
	private static final class Collector extends ChannelInboundHandlerAdapter {

		private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
			if (!(message instanceof ByteBuf buffer)) {
				super.channelRead(context, message);
				return;
			}
			try {
				byte[] copy = new byte[buffer.readableBytes()];
				buffer.readBytes(copy);
				this.bytes.writeBytes(copy);
			}
			finally {
				buffer.release();
			}
		}

		@Override
		public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
			// That the input has ended is for the engine's socket to tell.
			if (event != ChannelInputShutdownEvent.INSTANCE && event != ChannelInputShutdownReadComplete.INSTANCE) {
				super.userEventTriggered(context, event);
			}
		}

	}

}
