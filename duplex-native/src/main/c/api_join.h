/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about a join, for the files that give them. */
#ifndef DX_API_JOIN_H
#define DX_API_JOIN_H

#include "join.h"

/* Posts the command to the worker of its join (or the one that it mirrors), or puts it in line until that is made. */
void dx__api_join_dispatch(struct dx__command *command);

/* True when the join is here and has not ended; otherwise the command was answered or sent on. */
bool dx__api_join_claim(struct dx__worker *worker, struct dx__command *command);

#endif
