/*
 * SPDX-License-Identifier: Apache-2.0
 */

import java.net.InetAddress;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;

/**
 * What frames.c does, with Netty's decoder: {@code memory SIZE SECONDS}, or {@code proxy}.
 */
public final class NettyFrames {

	private static final int BUFFER = 1 << 20;

	public static void main(String[] args) throws Exception {
		if (args[0].equals("memory")) {
			memory(Integer.parseInt(args[1]), Double.parseDouble(args[2]));
		}
		else {
			proxy();
		}
	}

	private static WebSocket13FrameDecoder decoder() {
		return new WebSocket13FrameDecoder(true, false, 16 << 20, false);
	}

	private static void memory(int size, double seconds) {
		ByteBuf input = frames(size);
		AtomicLong messages = new AtomicLong();
		EmbeddedChannel channel = new EmbeddedChannel(decoder(), new ChannelInboundHandlerAdapter() {
			@Override
			public void channelRead(ChannelHandlerContext context, Object message) {
				((WebSocketFrame) message).release();
				messages.lazySet(messages.get() + 1);
			}
		});
		long end = System.nanoTime() + (long) (seconds * 1e9);
		while (System.nanoTime() < end) {
			pass(channel, input);
		}
		long before = messages.get();
		long begin = System.nanoTime();
		end = begin + (long) (seconds * 1e9);
		long now;
		do {
			pass(channel, input);
			now = System.nanoTime();
		}
		while (now < end);
		System.out.printf("%.0f%n", (messages.get() - before) * 1e9 / (now - begin));
	}

	private static void pass(EmbeddedChannel channel, ByteBuf input) {
		ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(input.readableBytes());
		copy.writeBytes(input, 0, input.readableBytes());
		channel.writeOneInbound(copy);
	}

	private static ByteBuf frames(int size) {
		int head = (size < 126) ? 6 : (size < 65536) ? 8 : 14;
		int count = Math.max(1, BUFFER / (head + size));
		ByteBuf frames = PooledByteBufAllocator.DEFAULT.directBuffer(count * (head + size));
		for (int i = 0; i < count; i++) {
			frames.writeByte(0x82);
			frames.writeByte(0x80 | ((size < 126) ? size : (size < 65536) ? 126 : 127));
			if (size >= 65536) {
				frames.writeLong(size);
			}
			else if (size >= 126) {
				frames.writeShort(size);
			}
			for (int k = 0; k < 4; k++) {
				frames.writeByte(17 * k + i);
			}
			for (int k = 0; k < size; k++) {
				frames.writeByte(i);
			}
		}
		return frames;
	}

	private static void proxy() throws Exception {
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
		int backend = new Scanner(System.in).nextInt();
		Channel server = new ServerBootstrap().group(group)
			.channel(EpollServerSocketChannel.class)
			.childOption(ChannelOption.AUTO_READ, false)
			.childHandler(new ChannelInitializer<>() {
				@Override
				protected void initChannel(Channel client) {
					client.pipeline().addLast(decoder(), new Forward(backend));
				}
			})
			.bind(InetAddress.getLoopbackAddress(), 0)
			.sync()
			.channel();
		System.out.println(((java.net.InetSocketAddress) server.localAddress()).getPort());
	}

	/** Payloads to the backend; reads again when they are gone. */
	private static final class Forward extends ChannelInboundHandlerAdapter {

		private final int port;

		private Channel backend;

		Forward(int port) {
			this.port = port;
		}

		@Override
		public void channelActive(ChannelHandlerContext context) {
			new Bootstrap().group(context.channel().eventLoop())
				.channel(EpollSocketChannel.class)
				.handler(new ChannelInboundHandlerAdapter())
				.connect(InetAddress.getLoopbackAddress(), this.port)
				.addListener((done) -> {
					this.backend = ((io.netty.channel.ChannelFuture) done).channel();
					context.read();
				});
		}

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			this.backend.write(((WebSocketFrame) message).content(), this.backend.voidPromise());
		}

		@Override
		public void channelReadComplete(ChannelHandlerContext context) {
			this.backend.writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER).addListener((done) -> context.read());
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			System.exit(0);
		}

	}

}
