
static void host_enter(void) {
  HOST_CALL;
  for (;;) host_wait(DONE);
}
/* Lets one run up to its next barrier. */
static void host_resume(int me, int is_new) {
  host_me = me;
  if (_setjmp(host_scheduler)) return;
  if (is_new) setcontext(&host_stacks[me]);
  _longjmp(host_places[me], 1);
}
/* Lets those run that nobody has to wait for any more; how many run then. */
static int host_release(int *running) {
  const int all = host_threads * host_blocks;
  int count[4] = {0}, n = 0;
  for (int i = 0; i < all; ++i) ++count[host_states[i]];
  if (count[WAITS_FOR_ALL] == all)
    for (int i = 0; i < all; ++i) host_states[i] = RUNS;
  for (int block = 0; block < host_blocks; ++block) {
    int *const states = host_states + block * host_threads;
    int waiting = 0;
    for (int i = 0; i < host_threads; ++i) waiting += states[i] == WAITS_IN_BLOCK;
    for (int i = 0; waiting == host_threads && i < host_threads; ++i) states[i] = RUNS;
  }
  for (int i = 0; i < all; ++i)
    if (host_states[i] == RUNS) running[n++] = i;
  return n;
}
/* 0 if all went well; 1 if threads wait that nobody comes for, 2 if one wrote beyond what its block shares. */
int wg_play(int blocks, int threads, long long shared, long long steps, const unsigned long long *arguments, unsigned seed, int forgotten) {
  const int all = blocks * threads;
  int bad = 0, n, *running = malloc(all * sizeof(int)), *is_new = malloc(all * sizeof(int));
  char *stacks = malloc((size_t)all * STACK);
  host_blocks = blocks, host_threads = threads, host_forgotten = forgotten;
  host_steps = steps, host_arguments = arguments;
  host_states = calloc(all, sizeof(int));
  host_stacks = calloc(all, sizeof(ucontext_t));
  host_places = calloc(all, sizeof(jmp_buf));
  /* What a block shares begins as it was left: as numbers that are none. */
  for (int b = 0; b < blocks; ++b) host_pools[b] = memset(malloc(shared + 64), 0xff, shared + 64);
  for (int i = 0; i < all; ++i) {
    is_new[i] = 1;
    getcontext(&host_stacks[i]);
    host_stacks[i].uc_stack.ss_sp = stacks + (size_t)i * STACK;
    host_stacks[i].uc_stack.ss_size = STACK;
    makecontext(&host_stacks[i], host_enter, 0);
  }
  while ((n = host_release(running)) > 0)
    while (n > 0) {
      seed = seed * 1664525u + 1013904223u;
      const int at = (seed >> 8) % n, me = running[at];
      running[at] = running[--n];
      host_resume(me, is_new[me]);
      is_new[me] = 0;
    }
  for (int i = 0; i < all; ++i) bad |= host_states[i] != DONE;
  for (int b = 0; b < blocks; ++b) {
    for (int i = 0; i < 64; ++i)
      if (host_pools[b][shared + i] != (char)0xff) bad = 2;
    free(host_pools[b]);
  }
  free(host_states), free(host_stacks), free(host_places), free(stacks), free(running), free(is_new);
  return bad;
}
