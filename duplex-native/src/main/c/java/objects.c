/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What io.duplex needs of Java's own objects: the descriptors inside sockets and channels.
 *
 * They are private, and reflection into java.base is closed; JNI looks at fields of any class. A field is reached by a
 * path: steps "name:signature" with a slash between them, each from the object that the step before has led to; "name?:"
 * stays where it is when there is no such field or nothing in it. Nothing here is part of duplex.h: these functions serve the
 * Java binding alone, and take what its own code hands them.
 */
#include "duplex.h"

#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MOST 64

struct step {
	char name[NAME_MOST];
	char signature[NAME_MOST * 2];
	bool optional;
};

/* Reads a step; returns what follows it, or NULL for a path that is none. A signature has slashes of its own: it ends at
   its semicolon, or is one letter. */
static const char *read_step(const char *path, struct step *step)
{
	const char *colon = strchr(path, ':');
	if (!colon || colon == path || (size_t)(colon - path) >= sizeof(step->name))
		return NULL;
	size_t length = (size_t)(colon - path);
	memcpy(step->name, path, length);
	step->name[length] = 0;
	step->optional = step->name[length - 1] == '?';
	if (step->optional)
		step->name[length - 1] = 0;
	const char *begin = colon + 1, *end = begin;
	while (*end == '[')
		end++;
	end = *end == 'L' ? strchr(end, ';') : end;
	if (!end || !*end || (size_t)(end - begin) + 2 > sizeof(step->signature))
		return NULL;
	memcpy(step->signature, begin, (size_t)(end - begin) + 1);
	step->signature[end - begin + 1] = 0;
	return end[1] == '/' ? end + 2 : end + 1;
}

static jfieldID find_field(JNIEnv *env, jobject object, const struct step *step)
{
	jclass type = (*env)->GetObjectClass(env, object);
	jfieldID field = (*env)->GetFieldID(env, type, step->name, step->signature);
	/* NoSuchFieldError is an answer. */
	if (!field)
		(*env)->ExceptionClear(env);
	(*env)->DeleteLocalRef(env, type);
	return field;
}

/* Walks all steps but the last; returns the object there and the last step. NULL when a field is missing or empty. */
static jobject walk(JNIEnv *env, jobject object, const char *path, struct step *last)
{
	path = read_step(path, last);
	while (path && *path && object) {
		jfieldID field = find_field(env, object, last);
		jobject next = field ? (*env)->GetObjectField(env, object, field) : NULL;
		if (next || !last->optional)
			object = next;
		path = read_step(path, last);
	}
	return path ? object : NULL;
}

/* The object at the end of the path, or NULL. */
DX_API jobject dx_java_object(JNIEnv *env, jobject object, const char *path)
{
	struct step last;
	jobject holder = object && path ? walk(env, object, path, &last) : NULL;
	jfieldID field = holder ? find_field(env, holder, &last) : NULL;
	return field ? (*env)->GetObjectField(env, holder, field) : NULL;
}

/* The int or boolean at the end of the path, or whether the long there is not 0; -ENOENT when there is no such field. */
DX_API int dx_java_int(JNIEnv *env, jobject object, const char *path)
{
	struct step last;
	jobject holder = object && path ? walk(env, object, path, &last) : NULL;
	jfieldID field = holder ? find_field(env, holder, &last) : NULL;
	if (!field)
		return -ENOENT;
	switch (last.signature[0]) {
	case 'Z':
		return (*env)->GetBooleanField(env, holder, field);
	case 'J':
		return (*env)->GetLongField(env, holder, field) != 0;
	default:
		return (*env)->GetIntField(env, holder, field);
	}
}

/* A second descriptor for the same open file: the number, or a negative errno. */
DX_API int dx_java_dup(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy == -1 ? -errno : copy;
}

/* A dead socket, for dx_java_bury(): the number, or a negative errno. */
DX_API int dx_java_dead(void)
{
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return dead == -1 ? -errno : dead;
}

/* Puts a dead socket in the place of a descriptor: whoever closes the number, or uses it, reaches nobody. */
DX_API int dx_java_bury(int fd, int dead)
{
	int rc;
	/* EBUSY: another thread is opening a descriptor of this number, which somebody must have closed meanwhile. */
	do
		rc = dup3(dead, fd, O_CLOEXEC);
	while (rc == -1 && errno == EINTR);
	return rc == -1 ? -errno : 0;
}

/* A selector's epoll forgets the descriptor: its registration belongs to the open file and would outlive the number. */
DX_API int dx_java_unwatch(int epoll, int fd)
{
	return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == -1 && errno != ENOENT ? -errno : 0;
}

/* Closes a descriptor that could not be given to anybody. */
DX_API int dx_java_close(int fd) { return close(fd) == -1 ? -errno : 0; }

/* A java.io.FileDescriptor with this number. */
static jobject file_descriptor(JNIEnv *env, int fd)
{
	jclass type = (*env)->FindClass(env, "java/io/FileDescriptor");
	jmethodID make = type ? (*env)->GetMethodID(env, type, "<init>", "()V") : NULL;
	jfieldID number = make ? (*env)->GetFieldID(env, type, "fd", "I") : NULL;
	jobject descriptor = number ? (*env)->NewObject(env, type, make) : NULL;
	if (descriptor)
		(*env)->SetIntField(env, descriptor, number, fd);
	return descriptor;
}

/* A SocketChannel around a connected descriptor, as ServerSocketChannel.accept() makes it. NULL, and the descriptor is still
   the caller's, when this JDK makes them in another way. */
DX_API jobject dx_java_channel(JNIEnv *env, jobject provider, jobject family, int fd, jobject address)
{
	jclass type = (*env)->FindClass(env, "sun/nio/ch/SocketChannelImpl");
	jmethodID make = type ? (*env)->GetMethodID(env, type, "<init>",
			"(Ljava/nio/channels/spi/SelectorProvider;Ljava/net/ProtocolFamily;Ljava/io/FileDescriptor;"
			"Ljava/net/SocketAddress;)V") : NULL;
	jobject descriptor = make ? file_descriptor(env, fd) : NULL;
	jobject channel = descriptor ? (*env)->NewObject(env, type, make, provider, family, descriptor, address) : NULL;
	if ((*env)->ExceptionCheck(env)) {
		(*env)->ExceptionClear(env);
		return NULL;
	}
	return channel;
}
