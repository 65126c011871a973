/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, stopping and closing engines. */
#ifndef DX_LIFECYCLE_H
#define DX_LIFECYCLE_H

#include "engine.h"

int dx__engine_open(const struct dx_engine_options *options, dx_id *id);
int dx__engine_stop(struct dx__engine *engine);
int dx__engine_close(dx_id id);

#endif
