/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text: what is written is read again, and what is no address is refused. */
#include "support.h"

#include <string.h>

/* Parses, and is written like this. */
static void reads(const char *text, const char *written)
{
	struct dx_address address, again;
	char buffer[DX_ADDRESS_TEXT];
	memset(&address, 0xee, sizeof(address));
	test_note("%s", text);
	CHECK_OK(dx_address_parse(text, &address));
	CHECK_EQ(address.reserved, 0);
	int length = dx_address_format(&address, buffer, sizeof(buffer));
	CHECK_EQ(length, strlen(written));
	CHECK(strcmp(buffer, written) == 0);
	CHECK_EQ(dx_address_format(&address, buffer, (size_t)length), -ENOSPC); /* no room for the NUL */
	CHECK_EQ(dx_address_format(&address, buffer, (size_t)length + 1), length);
	CHECK_OK(dx_address_parse(buffer, &again));
	CHECK(memcmp(&address, &again, sizeof(address)) == 0);
}

static void what_is_written_is_read_again(void)
{
	reads("tcp://1.2.3.4:80", "tcp://1.2.3.4:80");
	reads("tcp://0.0.0.0:0", "tcp://0.0.0.0:0");
	reads("tcp://255.255.255.255:65535", "tcp://255.255.255.255:65535");
	reads("tcp://[::1]:80", "tcp://[::1]:80");
	reads("tcp://[::]:0", "tcp://[::]:0");
	reads("tcp://[2001:DB8:0:0:0:0:0:1]:443", "tcp://[2001:db8::1]:443");
	reads("tcp://[::ffff:1.2.3.4]:80", "tcp://[::ffff:1.2.3.4]:80");
	reads("unix:///run/x.sock", "unix:///run/x.sock");
	reads("unix://@abstract", "unix://@abstract");
}

/* By name or by number, as long as it is read again. */
static void a_scope_survives(void)
{
	struct dx_address address, again;
	char text[DX_ADDRESS_TEXT];
	CHECK_OK(dx_address_parse("tcp://[fe80::1%lo]:80", &address));
	CHECK_GT(dx_address_format(&address, text, sizeof(text)), 0);
	CHECK_OK(dx_address_parse(text, &again));
	CHECK(memcmp(&address, &again, sizeof(address)) == 0);
}

static void the_fields_are_as_documented(void)
{
	struct dx_address address;
	CHECK_EQ(sizeof(address), 136);
	CHECK_OK(dx_address_parse("tcp://1.2.3.4:258", &address));
	CHECK_EQ(address.family, DX_FAMILY_IPV4);
	CHECK_EQ(address.port, 258);
	CHECK(memcmp(address.ip, "\1\2\3\4", 4) == 0);
	CHECK_OK(dx_address_parse("tcp://[fe80::1%lo]:1", &address));
	CHECK_EQ(address.family, DX_FAMILY_IPV6);
	CHECK_NE(address.scope, 0);
	CHECK_EQ(address.ip[0], 0xfe);
	CHECK_EQ(address.ip[15], 1);
	CHECK_OK(dx_address_parse("unix:///a/b", &address));
	CHECK_EQ(address.family, DX_FAMILY_UNIX);
	CHECK_EQ(address.path_length, 4);
	CHECK(memcmp(address.path, "/a/b", 4) == 0);
	CHECK_OK(dx_address_parse("unix://@ab", &address));
	CHECK_EQ(address.path_length, 3);
	CHECK(memcmp(address.path, "\0ab", 3) == 0);
}

static void what_is_no_address_is_refused(void)
{
	static const char *const wrong[] = {
		"", "tcp", "tcp:", "tcp://", "tcp://:80", "tcp://1.2.3.4", "tcp://1.2.3.4:", "tcp://1.2.3.4:65536",
		"tcp://1.2.3.4:-1", "tcp://1.2.3.4:+1", "tcp://1.2.3.4: 1", "tcp://1.2.3.4:1 ", "tcp://1.2.3.4:0x10",
		"tcp://1.2.3.4:99999999999999999999", "tcp://1.2.3:80", "tcp://1.2.3.4.5:80", "tcp://256.1.1.1:80",
		"tcp://localhost:80", "tcp://::1:80", "tcp://[::1]", "tcp://[::1]80", "tcp://[::1:80", "tcp://[]:80",
		"tcp://[1.2.3.4]:80", "tcp://[:::1]:80", "tcp://[fe80::1%]:80", "tcp://1.2.3.4:80/path", "udp://1.2.3.4:80",
		"TCP//1.2.3.4:80", "1.2.3.4:80", "unix:", "unix://", "unix://@", "unix://relative", "http://1.2.3.4:80",
	};
	struct dx_address address;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		test_note("%s", wrong[i]);
		CHECK_EQ(dx_address_parse(wrong[i], &address), -EINVAL);
	}
	CHECK_EQ(dx_address_parse("tcp://[fe80::1%no-such-interface]:80", &address), -ENODEV);
}

static void a_unix_path_has_a_limit(void)
{
	char text[300] = "unix:///", path[300];
	struct dx_address address;
	memset(path, 'x', sizeof(path));
	memcpy(text + 8, path, 106);
	CHECK_OK(dx_address_parse(text, &address)); /* 107 with the slash */
	CHECK_EQ(address.path_length, 107);
	char written[DX_ADDRESS_TEXT];
	CHECK_EQ(dx_address_format(&address, written, sizeof(written)), 7 + 107);
	memcpy(text + 8, path, 107);
	CHECK_EQ(dx_address_parse(text, &address), -ENAMETOOLONG);
	memcpy(text + 8, path, 280);
	CHECK_EQ(dx_address_parse(text, &address), -ENAMETOOLONG);
	text[7] = '@';
	CHECK_EQ(dx_address_parse(text, &address), -ENAMETOOLONG);
}

static void an_unknown_family_is_not_written(void)
{
	struct dx_address address = { .family = DX_FAMILY_NONE };
	char text[DX_ADDRESS_TEXT];
	CHECK_EQ(dx_address_format(&address, text, sizeof(text)), -EINVAL);
	address.family = 5;
	CHECK_EQ(dx_address_format(&address, text, sizeof(text)), -EINVAL);
	CHECK_OK(dx_address_parse("tcp://1.2.3.4:80", &address));
	CHECK_EQ(dx_address_format(&address, text, 0), -ENOSPC);
	/* a scope whose interface is gone, a path longer than its field: written somehow or refused, never overrun */
	CHECK_OK(dx_address_parse("tcp://[fe80::1%lo]:80", &address));
	address.scope = 4000000;
	CHECK_LE(dx_address_format(&address, text, sizeof(text)), (int)sizeof(text) - 1);
	CHECK_OK(dx_address_parse("unix:///a", &address));
	address.path_length = 60000;
	memset(address.path, 'y', sizeof(address.path));
	CHECK_LE(dx_address_format(&address, text, sizeof(text)), (int)sizeof(text) - 1);
}

int main(void)
{
	test_begin();
	RUN(what_is_written_is_read_again);
	RUN(a_scope_survives);
	RUN(the_fields_are_as_documented);
	RUN(what_is_no_address_is_refused);
	RUN(a_unix_path_has_a_limit);
	RUN(an_unknown_family_is_not_written);
	return test_end();
}
