/* SPDX-License-Identifier: Apache-2.0 */
/* A doubly linked list whose links lie inside the members. Not thread-safe. */
#ifndef DX_LIST_H
#define DX_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A head, or a link in a member; a link that is all zero is on no list. */
struct dx__list {
	struct dx__list *next;
	struct dx__list *prev;
};

#define DX__CONTAINER(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

static inline void dx__list_init(struct dx__list *head) { head->next = head->prev = head; }

static inline bool dx__list_is_empty(const struct dx__list *head) { return head->next == head; }

static inline bool dx__list_holds(const struct dx__list *link) { return link->next; }

static inline void dx__list_append(struct dx__list *head, struct dx__list *link)
{
	link->next = head;
	link->prev = head->prev;
	head->prev->next = link;
	head->prev = link;
}

/* Harmless for a link that is on no list. */
static inline void dx__list_remove(struct dx__list *link)
{
	if (!link->next)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
}

/* Moves all members of one list to the end of another. */
static inline void dx__list_move(struct dx__list *from, struct dx__list *to)
{
	if (dx__list_is_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	dx__list_init(from);
}

#endif
