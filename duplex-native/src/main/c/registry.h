/* SPDX-License-Identifier: Apache-2.0 */
/* The table of engines, for those who open and close one. */
#ifndef DX_REGISTRY_H
#define DX_REGISTRY_H

#include "engine.h"

#include <errno.h>

#define DX__ENGINES 255

/* Finds a free place; -EUSERS when there is none. */
int dx__registry_reserve(uint32_t *slot, uint32_t *generation);

/* Makes the engine's ids valid. */
void dx__registry_publish(struct dx__engine *engine);

/* Makes them stale; true for the first who does it. */
bool dx__registry_bar(struct dx__engine *engine);

/* True when no call is inside a barred engine but the caller's own reference to it, the owner's. */
bool dx__registry_is_left(struct dx__engine *engine);

/* Frees the place. */
void dx__registry_release(uint32_t slot);

#endif
