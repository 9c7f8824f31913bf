/* SPDX-License-Identifier: MIT */
/* What can be broken on purpose, one thing at a time, with -DBROKEN=NAME. */

/* The driver's */
#define NO_ASK_FENCE 1          /* index stored, wish loaded, nothing between */
#define NO_ARM_FENCE 2          /* wish stored, second look, nothing between */
#define NO_PUBLISH_FENCE 3      /* contents stored, index (flags) stored, nothing between */
#define NO_OBSERVE_FENCE 4      /* contents may be loaded before what vouches for them */
#define INDEX_FIRST 5           /* index (flags) stored before the contents */
#define QUESTION_FIRST 6        /* wish loaded before the index is stored */
#define NO_SECOND_LOOK 7        /* sleeps without looking again */
#define EVENT_OFF_BY_ONE 8      /* the position asked for is taken for the one before it */
#define BEFORE_IS_NOW 9         /* asks as if nothing had been added */
#define BEFORE_STANDS_STILL 10  /* the position of the last question is never moved */
#define WISH_STANDS_STILL 11    /* the position that the driver asks for is never moved */
#define WISH_AHEAD 12           /* the driver asks for the position after the next */
#define ONE_TOO_MANY 13         /* adds one more than there is room for */
#define NO_LAPS_RULE 14         /* what was added since the last question is counted modulo */
#define HEAD_FIRST 15           /* packed: a chain's first flags stored before its other entries */
#define NO_WRAP_BIT 16          /* packed: the wish's wrap counter is not looked at */
#define LAP_NOT_SWAPPED 17      /* packed: the used wrap counter is not swapped at a lap's end */

/* The device's, to show that the driver's fences have partners */
#define DEVICE_NO_WISH_FENCE 20
#define DEVICE_NO_SECOND_LOOK 21
#define DEVICE_NO_QUESTION_FENCE 22
#define DEVICE_NO_PUBLISH_FENCE 23
#define DEVICE_NO_OBSERVE_FENCE 24

#ifndef BROKEN
#define BROKEN 0
#endif
