/* score/score.h -- the door of room score inside the house: nothing but what strangers see, include/leat.h. */
#ifndef SCORE_SCORE_H
#define SCORE_SCORE_H

#include <leat.h>

#endif
