/* Plays the threads of several blocks: each has a stack of its own and runs up to its next barrier; who runs next is drawn. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>
enum { MOST_BLOCKS = 64, STACK = 1 << 17, RUNS = 0, WAITS_IN_BLOCK = 1, WAITS_FOR_ALL = 2, DONE = 3 };
static int host_me, host_threads, host_blocks, host_forgotten;
static long long host_steps;
static const unsigned long long *host_arguments;
static ucontext_t *host_stacks;
/* Where each goes on, and who draws: jumps ask nothing of the system. */
static jmp_buf host_scheduler, *host_places;
static int *host_states;
static char *host_pools[MOST_BLOCKS];
#define host_thread (host_me % host_threads)
#define host_block (host_me / host_threads)
static void host_wait(int state) {
  host_states[host_me] = state;
  if (!_setjmp(host_places[host_me])) _longjmp(host_scheduler, 1);
}
/* Each loop begins with another thread: none may count on that thread i has done element i before. */
#define HOST_TURN(me, all) (((me) + __LINE__ * 37) % (all))
#define WG_ALL WG_THREADS_OF_ALL
#define WG_ME HOST_TURN(host_me + WG_ALL - (WG_SKIP), WG_ALL)
#define WG_EACH(i, n) for (int i = WG_ME; i < (n); i += WG_ALL)
#define WG_ROWS(r, rows, i, row) \
  for (int wg_at = WG_ME, r = wg_at / (row), i = wg_at % (row); wg_at < (rows) * (row); \
       wg_at += WG_ALL, r = wg_at / (row), i = wg_at % (row))
#define WG_TILES(tile, tiles) for (int tile = host_block; tile < (tiles); tile += host_blocks)
#define WG_IN(i, n) for (int i = HOST_TURN(host_thread, host_threads); i < (n); i += host_threads)
#define WG_IN_ROWS(r, rows, i, row) \
  for (int wg_at = HOST_TURN(host_thread, host_threads), r = wg_at / (row), i = wg_at % (row); wg_at < (rows) * (row); \
       wg_at += host_threads, r = wg_at / (row), i = wg_at % (row))
#define WG_ONE if (host_me == 0)
#define WG_SYNC host_wait(WAITS_IN_BLOCK)
#define WG_FAR(T, name, n) T *name = (T *)wg_scratch; wg_scratch += ((n) * (int)sizeof(T) + 63) / 64 * 64
#define WG_ARRAY(T, name, n) WG_FAR(T, name, n)
#define WG_FEW(T, name, n) static T name##_of_all[MOST_BLOCKS][n]; T *const name = name##_of_all[host_block]
#define WG_OWN(bytes) wg_scratch += (size_t)host_block * (bytes)
#define WG_ENTRY(threads) static void
#define wg_pool host_pools[host_block]
#define WG_AT(place) ((void *)(place))
#define WG_CARRY(to, from, words) \
  for (int i = host_thread; i < (words); i += host_threads) ((unsigned long long *)(to))[i] = ((unsigned long long *)(from))[i]
#define WG_MEET(number) \
  do if ((number) != host_forgotten) host_wait(WAITS_IN_BLOCK); while (0)
#define WG_MEET_ALL(number, gate, blocks) \
  do if ((number) != host_forgotten) host_wait(WAITS_FOR_ALL); while (0)
