/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.netty;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexSocket;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

/**
 * A Netty server speaks HTTP, and hands the connection over after the answer.
 */
@Timeout(120)
class NettyChannelsTests {

	private static final int TIMES = 1000;

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void connectionsAreHandedOverWithTheBytesThatThePipelineHadRead(boolean epoll) throws Exception {
		assumeThat(!epoll || Epoll.isAvailable()).as("Netty's epoll transport works here").isTrue();
		IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, handlers);
		BlockingQueue<DuplexSocket> taken = new LinkedBlockingQueue<>();
		try (DuplexEngine engine = DuplexEngine.create()) {
			Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
			Channel server = new ServerBootstrap().group(group)
				.channel(type)
				.childHandler(initializer(engine, taken))
				.bind(InetAddress.getLoopbackAddress(), 0)
				.sync()
				.channel();
			InetSocketAddress address = (InetSocketAddress) server.localAddress();
			long seed = new SplittableRandom().nextLong();
			for (int i = 0; i < TIMES; i++) {
				handOver(address, taken, new SplittableRandom(seed + i), "seed " + seed + ", connection " + i);
			}
			server.close().sync();
		}
		finally {
			group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
		}
	}

	private static ChannelInitializer<Channel> initializer(DuplexEngine engine, BlockingQueue<DuplexSocket> taken) {
		return new ChannelInitializer<>() {
			@Override
			protected void initChannel(Channel channel) {
				channel.pipeline().addLast(new HttpServerCodec(), new Upgrade(engine, taken));
			}
		};
	}

	private static final class Upgrade extends SimpleChannelInboundHandler<HttpObject> {

		private final DuplexEngine engine;

		private final BlockingQueue<DuplexSocket> taken;

		Upgrade(DuplexEngine engine, BlockingQueue<DuplexSocket> taken) {
			this.engine = engine;
			this.taken = taken;
		}

		@Override
		protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
			if (!(message instanceof LastHttpContent)) {
				return;
			}
			DefaultFullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK,
					Unpooled.EMPTY_BUFFER);
			answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
			context.writeAndFlush(answer);
			NettyChannels.adopt(this.engine, context.channel()).thenAccept(this.taken::add);
		}

	}

	private static void handOver(InetSocketAddress address, BlockingQueue<DuplexSocket> taken, SplittableRandom random,
			String description) throws Exception {
		byte[] there = new byte[1 + random.nextInt(20_000)];
		byte[] back = new byte[1 + random.nextInt(20_000)];
		random.nextBytes(there);
		random.nextBytes(back);
		// What is pipelined behind the request must not look like one.
		int pipelined = random.nextInt(there.length + 1);
		try (Socket client = new Socket(address.getAddress(), address.getPort())) {
			client.setSoTimeout(30_000);
			byte[] request = "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
			byte[] first = Arrays.copyOf(request, request.length + pipelined);
			System.arraycopy(there, 0, first, request.length, pipelined);
			client.getOutputStream().write(first);
			readHead(client);
			client.getOutputStream().write(there, pipelined, there.length - pipelined);
			DuplexSocket socket = taken.poll(30, TimeUnit.SECONDS);
			assertThat(socket).as(description).isNotNull();
			ByteBuffer received = ByteBuffer.allocate(there.length);
			while (received.hasRemaining()) {
				assertThat(socket.receive(received, Duration.ofSeconds(30))).as(description).isPositive();
			}
			assertThat(received.array()).as(description).isEqualTo(there);
			socket.send(back);
			assertThat(client.getInputStream().readNBytes(back.length)).as(description).isEqualTo(back);
			socket.close();
		}
	}

	private static void readHead(Socket client) throws IOException {
		StringBuilder head = new StringBuilder();
		while (head.indexOf("\r\n\r\n") < 0) {
			int next = client.getInputStream().read();
			assertThat(next).isNotNegative();
			head.append((char) next);
		}
		assertThat(head).startsWith("HTTP/1.1 200");
	}

	@Test
	void aChannelWithAnSslHandlerIsRefused() throws Exception {
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
		BlockingQueue<CompletionStage<DuplexSocket>> answers = new LinkedBlockingQueue<>();
		try (DuplexEngine engine = DuplexEngine.create()) {
			Channel server = new ServerBootstrap().group(group)
				.channel(NioServerSocketChannel.class)
				.childHandler(new ChannelInitializer<>() {
					@Override
					protected void initChannel(Channel channel) throws Exception {
						javax.net.ssl.SSLEngine ssl = javax.net.ssl.SSLContext.getDefault().createSSLEngine();
						ssl.setUseClientMode(false);
						channel.pipeline().addLast(new SslHandler(ssl));
						answers.add(NettyChannels.adopt(engine, channel));
					}
				})
				.bind(InetAddress.getLoopbackAddress(), 0)
				.sync()
				.channel();
			InetSocketAddress address = (InetSocketAddress) server.localAddress();
			try (Socket client = new Socket(address.getAddress(), address.getPort())) {
				CompletionStage<DuplexSocket> answer = answers.poll(30, TimeUnit.SECONDS);
				assertThat(answer).isNotNull();
				assertThat(answer.toCompletableFuture()).failsWithin(Duration.ofSeconds(30))
					.withThrowableThat()
					.havingCause()
					.isInstanceOf(DuplexException.class)
					.withMessageContaining("ciphertext");
				assertThat(client.isConnected()).isTrue();
			}
		}
		finally {
			group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
		}
	}

	@Test
	void aServerChannelIsRefusedAndGoesOn() throws Exception {
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
		try (DuplexEngine engine = DuplexEngine.create()) {
			Channel server = new ServerBootstrap().group(group)
				.channel(NioServerSocketChannel.class)
				.childHandler(new ChannelInboundHandlerAdapter())
				.bind(InetAddress.getLoopbackAddress(), 0)
				.sync()
				.channel();
			assertThat(NettyChannels.adopt(engine, server).toCompletableFuture()).failsWithin(Duration.ofSeconds(30))
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(DuplexException.class)
				.withMessageContaining("is no connection");
			InetSocketAddress address = (InetSocketAddress) server.localAddress();
			new Socket(address.getAddress(), address.getPort()).close();
			assertThat(server.isOpen()).isTrue();
		}
		finally {
			group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void aClientThatEndsItsHalfMeanwhileIsAnswered(boolean epoll) throws Exception {
		assumeThat(!epoll || Epoll.isAvailable()).as("Netty's epoll transport works here").isTrue();
		IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, handlers);
		try (DuplexEngine engine = DuplexEngine.create()) {
			BlockingQueue<Map.Entry<Channel, CompletionStage<DuplexSocket>>> accepted = new LinkedBlockingQueue<>();
			Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
			Channel server = new ServerBootstrap().group(group)
				.channel(type)
				.childHandler(new ChannelInboundHandlerAdapter() {
					@Override
					public boolean isSharable() {
						return true;
					}

					@Override
					public void channelActive(ChannelHandlerContext context) {
						// Nothing was read yet: the end comes during the hand-over.
						accepted.add(Map.entry(context.channel(), NettyChannels.adopt(engine, context.channel())));
					}
				})
				.bind(InetAddress.getLoopbackAddress(), 0)
				.sync()
				.channel();
			InetSocketAddress address = (InetSocketAddress) server.localAddress();
			for (int i = 0; i < 50; i++) {
				try (Socket client = new Socket(address.getAddress(), address.getPort())) {
					client.setSoTimeout(30_000);
					client.getOutputStream().write("question".getBytes(StandardCharsets.US_ASCII));
					client.shutdownOutput();
					Map.Entry<Channel, CompletionStage<DuplexSocket>> entry = accepted.poll(30, TimeUnit.SECONDS);
					assertThat(entry).isNotNull();
					DuplexSocket socket = entry.getValue().toCompletableFuture().get(30, TimeUnit.SECONDS);
					ByteBuffer question = ByteBuffer.allocate(9);
					while (socket.receive(question, Duration.ofSeconds(30)) > 0) {
						continue;
					}
					assertThat(new String(question.array(), 0, question.position(), StandardCharsets.US_ASCII))
						.isEqualTo("question");
					socket.send("answer".getBytes(StandardCharsets.US_ASCII));
					assertThat(client.getInputStream().readNBytes(6))
						.isEqualTo("answer".getBytes(StandardCharsets.US_ASCII));
					assertThat(entry.getKey().closeFuture().await(30, TimeUnit.SECONDS)).isTrue();
					socket.close();
				}
			}
		}
		finally {
			group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
		}
	}

}
