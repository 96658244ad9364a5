/* lock.pml: N Lambdas that make manifests of pending files, and one lock with a ttl; for SPIN.
 *
 * The peer of tests/lock_world.h, which makes the same calls on the table: one interleaving point a
 * service call, what a Lambda does between two calls is part of the first. Lambda i uploads file i,
 * takes the lock, looks for pending files and, if there are T of them, writes a manifest of the
 * lowest, marks them, starts an execution and releases the lock. Sets of files are bitmaps.
 *
 * Time is left open: while the item of the lock is there it may expire (so every ttl and every
 * duration of a call is covered), and TTL may delete it at any moment after that, or never. An
 * expired item that is still there can be overwritten: `ttl < :now`.
 *
 *   spin -DN=4 -DC=1 -a lock.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -w25
 *
 *   N, T, C    Lambdas and files (up to 8), files of a manifest, Lambdas that may die
 *   NOEXP      the lock never expires
 *   RETRY      a Lambda that does not get the lock waits until it is free or expired
 *   FENCE      files are claimed one by one (pending to manifested) before the manifest is written; a
 *              Lambda that is refused one hands the others back
 *
 * What is to hold, one at a time; without any, all states and transitions are counted:
 *
 *   SAFE       no file is in two manifests
 *   LIVE1      fewer than T files are pending when all Lambdas are gone: no wake-up is lost
 *   LIVE2      every file is pending or in a manifest then: none is stranded
 *   LIVE3      every manifest was started then
 */
#ifndef N
#define N 3
#endif
#ifndef T
#define T 2
#endif
#ifndef C
#define C 1
#endif
#if defined(LIVE1) || defined(LIVE2) || defined(LIVE3)
#define AT_END
#endif

byte owner = 0;        /* of the lock: 0, there is no item; i + 1, Lambda i */
bit expired = 0;       /* its ttl has passed */
byte pending = 0;
byte recorded = 0;     /* pending or manifested */
byte listed = 0;       /* in a manifest */
byte listed_twice = 0;
byte started = 0;      /* of manifests whose execution was started */
#if C > 0
byte crashes = 0;
#endif
#ifdef AT_END
byte gone = 0;
#endif
hidden byte count, bit_of; /* inside of a d_step alone, so no part of the state */

/* The lowest T files of a set, none if there are fewer. */
inline take(from, to) {
  to = 0; count = 0; bit_of = 0;
  do
  :: bit_of < N && count < T ->
       if
       :: (from & (1 << bit_of)) -> to = to | (1 << bit_of); count++
       :: else -> skip
       fi;
       bit_of++
  :: else -> break
  od;
  if :: count < T -> to = 0 :: else -> skip fi;
  count = 0; bit_of = 0
}

/* The lowest file of a set, which has one. */
inline lowest(from, to) {
  bit_of = 0;
  do :: (from & (1 << bit_of)) -> break :: else -> bit_of++ od;
  to = 1 << bit_of;
  bit_of = 0
}

#ifdef AT_END
#define FORGET mine = 0; todo = 0; file = 0; got = 0; gone++
#else
#define FORGET mine = 0; todo = 0; file = 0; got = 0
#endif

/* Before every call a Lambda may die. */
#if C > 0
#define CRASH :: atomic { crashes < C -> crashes++; FORGET; goto end_gone }
#else
#define CRASH
#endif

proctype Lambda(byte id) {
  byte mine = 0; /* files taken */
  byte todo = 0; /* of them, those still to be claimed, marked or handed back */
  byte file = 0;
  bit got = 0;

  /* PutItem of the file */
  if CRASH
  :: d_step { pending = pending | (1 << id); recorded = recorded | (1 << id) }
  fi;

  /* PutItem of the lock, if there is none or it has expired */
  if CRASH
  :: atomic { owner == 0 || expired -> owner = id + 1; expired = 0 }
#ifndef RETRY
  :: atomic { owner != 0 && !expired -> FORGET; goto end_gone }
#endif
  fi;

  /* Query of the pending files */
  if CRASH
  :: atomic { d_step { take(pending, mine); todo = mine };
              if :: mine == 0 -> goto release :: else -> skip fi }
  fi;

#ifdef FENCE
claim: /* UpdateItem of a file, if it is pending */
  if CRASH
  :: atomic { d_step { lowest(todo, file); todo = todo & ~file;
                       if
                       :: (pending & file) -> pending = pending & ~file; got = 1
                       :: else -> got = 0; mine = mine & ~(todo | file); todo = mine
                       fi;
                       file = 0 };
              if
              :: got && todo -> goto claim
              :: got && !todo -> skip
              :: !got && todo -> goto hand_back
              :: !got && !todo -> goto release
              fi }
  fi;
#endif

  /* PutObject of the manifest */
  if CRASH
  :: d_step { listed_twice = listed_twice | (listed & mine); listed = listed | mine
#ifdef SAFE
              ; assert(listed_twice == 0)
#endif
            }
  fi;

#ifndef FENCE
mark: /* UpdateItem of a file */
  if CRASH
  :: atomic { d_step { lowest(todo, file); pending = pending & ~file; todo = todo & ~file; file = 0 };
              if :: todo -> goto mark :: else -> skip fi }
  fi;
#endif

  /* StartExecution */
  if CRASH
  :: d_step { started = started | mine; mine = 0 }
  fi;

release: /* DeleteItem of the lock, if it is this Lambda's */
  if CRASH
  :: atomic { d_step { if :: owner == id + 1 -> owner = 0; expired = 0 :: else -> skip fi };
              FORGET; goto end_gone }
  fi;

#ifdef FENCE
hand_back: /* UpdateItem of a file that it had claimed */
  if CRASH
  :: atomic { d_step { lowest(todo, file); pending = pending | file;
                       todo = todo & ~file; mine = mine & ~file; file = 0 };
              if :: todo -> goto hand_back :: else -> goto release fi }
  fi;
#endif

end_gone:
  false
}

/* The clock, and TTL. */
active proctype Environment() {
end_environment:
#ifdef NOEXP
  false
#else
  do
  :: d_step { owner != 0 && !expired -> expired = 1 }
  :: d_step { owner != 0 && expired -> owner = 0; expired = 0 }
  od
#endif
}

init {
  byte i = 0;
  atomic { do :: i < N -> run Lambda(i); i++ :: else -> break od; i = 0 }
#ifdef AT_END
  d_step { gone == N ->
#ifdef LIVE1
    take(pending, i); assert(i == 0)
#endif
#ifdef LIVE2
    assert((pending | listed) == recorded)
#endif
#ifdef LIVE3
    assert((listed & ~started) == 0)
#endif
  }
#endif
}
