/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * WebSockets of the JDK and of Netty at the other end.
 */
@Timeout(120)
class WebSocketPeersTests {

	private static final int LARGE = 1 << 20;

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));

	private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

	@AfterEach
	void endNetty() throws InterruptedException {
		this.group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
	}

	private static Object next(BlockingQueue<Object> queue) throws InterruptedException {
		return queue.poll(Peers.SOON.toSeconds(), TimeUnit.SECONDS);
	}

	@Test
	void theJdksClientIsAccepted() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine,
				WebSocketOptions.DEFAULTS.withPath("/echo").withSubprotocols("v2", "v1"))) {
			Listener heard = new Listener();
			WebSocket client = HttpClient.newHttpClient()
				.newWebSocketBuilder()
				.header("Cookie", "id=7")
				.subprotocols("v1", "v2")
				.buildAsync(echo.uri("/echo?a=b"), heard)
				.join();
			assertThat(client.getSubprotocol()).isEqualTo("v2");
			client.sendText("gr\u00fc\u00df dich", true).join();
			assertThat(next(heard.seen)).isEqualTo("gr\u00fc\u00df dich");
			client.sendText("one, ", false).join();
			client.sendPing(ByteBuffer.wrap(new byte[] { 42 })).join();
			client.sendText("two", true).join();
			assertThat(next(heard.seen)).isEqualTo("pong 42");
			assertThat(next(heard.seen)).isEqualTo("one, two");
			byte[] large = new byte[LARGE];
			large[LARGE - 1] = 7;
			client.sendBinary(ByteBuffer.wrap(large), true).join();
			assertThat(next(heard.seen)).isEqualTo(large);
			client.sendClose(4000, "enough").join();
			assertThat(next(heard.seen)).isEqualTo("closed 4000");
			WebSocketHandshake handshake = echo.next(WebSocketHandshake.class);
			assertThat(handshake.target()).isEqualTo("/echo?a=b");
			assertThat(handshake.host()).isEqualTo("127.0.0.1:" + echo.port());
			assertThat(handshake.header("cookie")).isEqualTo("id=7");
			assertThat(WebSocketEcho.closing(echo.next(Message.class))).isEqualTo("4000 enough");
		}
	}

	@Test
	void theJdksClientReadsARefusal() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine, WebSocketOptions.DEFAULTS.withPath("/echo"))) {
			assertThatExceptionOfType(CompletionException.class)
				.isThrownBy(() -> HttpClient.newHttpClient()
					.newWebSocketBuilder()
					.buildAsync(echo.uri("/other"), new Listener())
					.join())
				.havingCause()
				.isInstanceOfSatisfying(java.net.http.WebSocketHandshakeException.class,
						(ex) -> assertThat(ex.getResponse().statusCode()).isEqualTo(404));
		}
	}

	@Test
	void nettysClientIsAccepted() throws Exception {
		try (WebSocketEcho echo = new WebSocketEcho(this.engine, WebSocketOptions.DEFAULTS.withSubprotocols("v1"))) {
			BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
			WebSocketClientHandshaker handshaker = WebSocketClientHandshakerFactory.newHandshaker(echo.uri("/echo"),
					WebSocketVersion.V13, "v1,v3", true, new DefaultHttpHeaders(), 2 * LARGE);
			Channel client = new Bootstrap().group(this.group)
				.channel(NioSocketChannel.class)
				.handler(initializer(new HttpClientCodec(), new HttpObjectAggregator(8192),
						new WebSocketClientCompressionHandler(0),
						new WebSocketClientProtocolHandler(handshaker, false, false), new Frames(seen)))
				.connect(InetAddress.getLoopbackAddress(), echo.port())
				.sync()
				.channel();
			assertThat(next(seen)).isEqualTo("complete");
			assertThat(handshaker.actualSubprotocol()).isEqualTo("v1");
			client.writeAndFlush(new TextWebSocketFrame("hello"));
			assertThat(next(seen)).isEqualTo("text hello");
			client.write(new TextWebSocketFrame(false, 0, "one, "));
			client.write(new PingWebSocketFrame(Unpooled.copiedBuffer(new byte[] { 42 })));
			client.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "two"));
			assertThat(next(seen)).isEqualTo("pong 42");
			assertThat(next(seen)).isEqualTo("text one, two");
			client.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(new byte[LARGE])));
			assertThat(next(seen)).isEqualTo("binary " + LARGE);
			client.writeAndFlush(new CloseWebSocketFrame(4000, "enough"));
			assertThat(next(seen)).isEqualTo("close 4000 enough");
			WebSocketHandshake handshake = echo.next(WebSocketHandshake.class);
			assertThat(handshake.header("Sec-WebSocket-Extensions")).contains("permessage-deflate");
			assertThat(WebSocketEcho.closing(echo.next(Message.class))).isEqualTo("4000 enough");
		}
	}

	@Test
	void nettysServerIsConnectedTo() throws Exception {
		BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
		Channel server = new ServerBootstrap().group(this.group)
			.channel(NioServerSocketChannel.class)
			.childHandler(new ChannelInitializer<>() {
				@Override
				protected void initChannel(Channel channel) {
					channel.pipeline()
						.addLast(new HttpServerCodec(), new HttpObjectAggregator(8192),
								new WebSocketServerCompressionHandler(0),
								new WebSocketServerProtocolHandler("/echo", "v2,v1", true, 2 * LARGE),
								new Frames(seen));
				}
			})
			.bind(InetAddress.getLoopbackAddress(), 0)
			.sync()
			.channel();
		int port = ((InetSocketAddress) server.localAddress()).getPort();
		try (DuplexSocket socket = this.engine.connect("tcp://127.0.0.1:" + port)) {
			WebSocketHandshake handshake = WebSockets.connect(socket, URI.create("ws://127.0.0.1:" + port + "/echo"),
					WebSocketOptions.DEFAULTS.withSubprotocols("v3", "v2"));
			assertThat(handshake.subprotocol()).isEqualTo("v2");
			socket.put(Message.text("hello"));
			assertThat(next(seen)).isEqualTo("text hello");
			socket.put(Message.of(new byte[LARGE]));
			assertThat(next(seen)).isEqualTo("binary " + LARGE);
			socket.put(Message.close(4000, "enough"));
			assertThat(WebSocketEcho.closing(socket.get())).isEqualTo("4000 enough");
		}
		server.close().sync();
	}

	private static ChannelInitializer<Channel> initializer(ChannelHandler... handlers) {
		return new ChannelInitializer<>() {
			@Override
			protected void initChannel(Channel channel) {
				channel.pipeline().addLast(handlers);
			}
		};
	}

	/**
	 * Tells what comes, a frame at a time.
	 */
	private static final class Frames extends SimpleChannelInboundHandler<WebSocketFrame> {

		private final BlockingQueue<Object> seen;

		Frames(BlockingQueue<Object> seen) {
			this.seen = seen;
		}

		@Override
		public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
			if (event == WebSocketClientProtocolHandler.ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
				this.seen.add("complete");
			}
			super.userEventTriggered(context, event);
		}

		@Override
		protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
			if (frame instanceof TextWebSocketFrame text) {
				this.seen.add("text " + text.text());
			}
			else if (frame instanceof BinaryWebSocketFrame) {
				this.seen.add("binary " + frame.content().readableBytes());
			}
			else if (frame instanceof PongWebSocketFrame) {
				this.seen.add("pong " + frame.content().readByte());
			}
			else if (frame instanceof CloseWebSocketFrame close) {
				this.seen.add("close " + close.statusCode() + " " + close.reasonText());
			}
		}

	}

	/**
	 * Tells what comes, a message at a time.
	 */
	private static final class Listener implements WebSocket.Listener {

		private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

		private final StringBuilder text = new StringBuilder();

		private final ByteArrayOutputStream binary = new ByteArrayOutputStream();

		@Override
		public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
			this.text.append(data);
			if (last) {
				this.seen.add(this.text.toString());
				this.text.setLength(0);
			}
			socket.request(1);
			return null;
		}

		@Override
		public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
			byte[] bytes = new byte[data.remaining()];
			data.get(bytes);
			this.binary.writeBytes(bytes);
			if (last) {
				this.seen.add(this.binary.toByteArray());
				this.binary.reset();
			}
			socket.request(1);
			return null;
		}

		@Override
		public CompletionStage<?> onPong(WebSocket socket, ByteBuffer data) {
			this.seen.add("pong " + data.get());
			socket.request(1);
			return null;
		}

		@Override
		public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
			this.seen.add("closed " + code);
			return null;
		}

		@Override
		public void onError(WebSocket socket, Throwable error) {
			this.seen.add(error);
		}

	}

}
