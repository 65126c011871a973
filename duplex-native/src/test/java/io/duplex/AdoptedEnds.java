/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.duplex.netty.NettyChannels;
import io.duplex.tomcat.TomcatHandOver;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Opens one connection of every kind that can be adopted, and keeps what it takes for
 * that until it is closed.
 */
final class AdoptedEnds implements AutoCloseable {

	private static final int LIMIT = 30_000;

	private final DuplexEngine engine;

	private final Path folder;

	private final List<AutoCloseable> servers = new ArrayList<>();

	AdoptedEnds(DuplexEngine engine) throws IOException {
		this.engine = engine;
		this.folder = Files.createTempDirectory("duplex-ends");
	}

	/** The engine's end, and what its peer reads and writes. */
	record Adopted(String kind, DuplexSocket socket, InputStream in, OutputStream out, Closeable peer) {

		static Adopted of(String kind, DuplexSocket socket, Socket peer) throws IOException {
			peer.setSoTimeout(LIMIT);
			return new Adopted(kind, socket, peer.getInputStream(), peer.getOutputStream(), peer);
		}

	}

	List<Adopted> open() throws Exception {
		List<Adopted> all = new ArrayList<>();
		try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
			for (AdoptionTests.Kind kind : AdoptionTests.Kind.values()) {
				AdoptionTests.Adoptable adoptable = kind.connect(server.getLocalSocketAddress());
				Socket peer = server.accept();
				assertThat(peer.getInputStream().readNBytes(5)).hasSize(5);
				all.add(Adopted.of(kind.name(), adoptable.adopt().adopt(this.engine, ByteBuffer.allocate(0)), peer));
				this.servers.add(adoptable.object()::close);
			}
			Socket peer = new Socket(server.getInetAddress(), server.getLocalPort());
			all.add(Adopted.of("ACCEPTED_SOCKET", this.engine.adopt(server.accept()), peer));
		}
		all.add(unix());
		all.add(netty(NioIoHandler.newFactory(), NioServerSocketChannel.class));
		if (Epoll.isAvailable()) {
			all.add(netty(EpollIoHandler.newFactory(), EpollServerSocketChannel.class));
		}
		all.add(tomcat());
		return all;
	}

	private Adopted unix() throws IOException {
		UnixDomainSocketAddress address = UnixDomainSocketAddress.of(this.folder.resolve("unix"));
		try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address)) {
			SocketChannel peer = SocketChannel.open(address);
			DuplexSocket socket = this.engine.adopt(server.accept());
			ChannelInput in = new ChannelInput();
			Async.run(() -> in.pump(peer));
			return new Adopted("UNIX_CHANNEL", socket, in, new ChannelOutput(peer), peer);
		}
		finally {
			Files.deleteIfExists(address.getPath());
		}
	}

	private Adopted netty(IoHandlerFactory handlers, Class<? extends ServerChannel> type) throws Exception {
		MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, handlers);
		this.servers.add(() -> group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync());
		BlockingQueue<DuplexSocket> taken = new LinkedBlockingQueue<>();
		Channel server = new ServerBootstrap().group(group)
			.channel(type)
			.childHandler(new ChannelInboundHandlerAdapter() {
				@Override
				public void channelActive(ChannelHandlerContext context) {
					NettyChannels.adopt(AdoptedEnds.this.engine, context.channel()).thenAccept(taken::add);
				}
			})
			.bind(InetAddress.getLoopbackAddress(), 0)
			.sync()
			.channel();
		InetSocketAddress address = (InetSocketAddress) server.localAddress();
		Socket peer = new Socket(address.getAddress(), address.getPort());
		return Adopted.of(type.getSimpleName(), await(taken), peer);
	}

	private Adopted tomcat() throws Exception {
		Tomcat tomcat = new Tomcat();
		this.servers.add(() -> {
			tomcat.stop();
			tomcat.destroy();
		});
		tomcat.setBaseDir(this.folder.toString());
		tomcat.setPort(0);
		tomcat.getConnector().setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
		BlockingQueue<DuplexSocket> taken = new LinkedBlockingQueue<>();
		Context context = tomcat.addContext("", this.folder.toString());
		Tomcat.addServlet(context, "upgrade", new HttpServlet() {
			@Override
			protected void doGet(HttpServletRequest request, HttpServletResponse response)
					throws IOException, ServletException {
				response.setHeader("Upgrade", "tunnel");
				response.setHeader("Connection", "Upgrade");
				request.upgrade(TomcatHandOver.class).to(AdoptedEnds.this.engine, taken::add);
			}
		});
		context.addServletMappingDecoded("/", "upgrade");
		tomcat.start();
		Socket peer = new Socket(InetAddress.getLoopbackAddress(), tomcat.getConnector().getLocalPort());
		peer.setSoTimeout(LIMIT);
		peer.getOutputStream()
			.write("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: tunnel\r\nConnection: Upgrade\r\n\r\n"
				.getBytes(StandardCharsets.US_ASCII));
		StringBuilder head = new StringBuilder();
		while (head.indexOf("\r\n\r\n") < 0) {
			int next = peer.getInputStream().read();
			assertThat(next).isNotNegative();
			head.append((char) next);
		}
		return Adopted.of("TOMCAT", await(taken), peer);
	}

	private static DuplexSocket await(BlockingQueue<DuplexSocket> taken) throws InterruptedException {
		DuplexSocket socket = taken.poll(LIMIT, TimeUnit.MILLISECONDS);
		assertThat(socket).isNotNull();
		return socket;
	}

	@Override
	public void close() throws Exception {
		for (AutoCloseable server : this.servers) {
			server.close();
		}
	}

	/**
	 * What comes out of a channel. Java's own streams of channels exclude each other, and
	 * do not tell what is available.
	 */
	private static final class ChannelInput extends InputStream {

		private final BlockingQueue<ByteBuffer> pieces = new LinkedBlockingQueue<>();

		private final AtomicInteger available = new AtomicInteger();

		private ByteBuffer piece = ByteBuffer.allocate(0);

		void pump(SocketChannel from) {
			try (from) {
				ByteBuffer bytes = ByteBuffer.allocate(65536);
				while (from.read(bytes) > 0) {
					this.available.addAndGet(bytes.position());
					this.pieces.add(bytes.flip());
					bytes = ByteBuffer.allocate(65536);
				}
			}
			catch (IOException ex) {
				// The test has ended.
			}
		}

		@Override
		public int available() {
			return this.available.get();
		}

		@Override
		public int read() throws IOException {
			byte[] one = new byte[1];
			return (read(one, 0, 1) == 1) ? one[0] & 0xff : -1;
		}

		@Override
		public int read(byte[] bytes, int offset, int length) throws IOException {
			if (length == 0) {
				return 0;
			}
			try {
				while (!this.piece.hasRemaining()) {
					ByteBuffer next = this.pieces.poll(LIMIT, TimeUnit.MILLISECONDS);
					if (next == null) {
						throw new SocketTimeoutException();
					}
					this.piece = next;
				}
			}
			catch (InterruptedException ex) {
				throw new InterruptedIOException();
			}
			int count = Math.min(length, this.piece.remaining());
			this.piece.get(bytes, offset, count);
			this.available.addAndGet(-count);
			return count;
		}

	}

	private static final class ChannelOutput extends OutputStream {

		private final SocketChannel channel;

		ChannelOutput(SocketChannel channel) {
			this.channel = channel;
		}

		@Override
		public void write(int value) throws IOException {
			write(new byte[] { (byte) value }, 0, 1);
		}

		@Override
		public void write(byte[] bytes, int offset, int length) throws IOException {
			ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
			while (buffer.hasRemaining()) {
				this.channel.write(buffer);
			}
		}

	}

}
