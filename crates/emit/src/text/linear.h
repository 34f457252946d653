/* Factors of matrices and solutions of equations, in double precision: in blocks of 32 columns, from which products subtract what is
   done before. */
/* Whether a product of [m, k] and [k, n], whose operands have these steps along k and b this one along n, adds up in lanes. */
WG_FN int wg_in_lanes(wg_long m, wg_long k, wg_long n, int a_step, int b_step, int b_column) {
  if (k <= 15 || a_step != 1 || b_step != 1) return 0;
  const wg_long rearranging = b_column == 1 || n == 1 ? 0 : n * k / 2;
  return m * n * (k / 24 + 6) < m * ((n + 15) / 16) * k / 2 + rearranging;
}
WG_FN double wg_inner(const double *a, int a_step, const double *b, int b_step, int k, int in_lanes) {
  if (!in_lanes) return wg_chains(a, a_step, b, b_step, k, wg_chain_length(k));
  double lanes[16] = {0};
  for (int p = 0; p < k; ++p) lanes[p % 16] = wg_fma(a[p * a_step], b[p * b_step], lanes[p % 16]);
  for (int p = k; p % 16; ++p) lanes[p % 16] = lanes[p % 16] + 0;
  return wg_fold(lanes);
}
/* A triangle of a square matrix, with its steps; the diagonal of a unit triangle counts as 1. */
typedef struct {
  const double *data;
  int n, row, column, upper, unit;
} wg_triangle;
/* Solves for some rows and columns of x, from which all other rows are subtracted already. */
WG_FN void wg_solve_directly(const wg_triangle *t, int start, int end, double *x, int step, int left, int right) {
  for (int k = 0; k < end - start; ++k) {
    const int i = t->upper ? end - 1 - k : start + k;
    for (int j = t->upper ? i + 1 : start; j < (t->upper ? end : i); ++j) {
      const double factor = t->data[i * t->row + j * t->column];
      for (int c = left; c < right; ++c) x[i * step + c] = x[i * step + c] - factor * x[j * step + c];
    }
    if (t->unit) continue;
    for (int c = left; c < right; ++c) x[i * step + c] = x[i * step + c] / t->data[i * t->row + i * t->column];
  }
}
WG_FN void wg_solve_triangle(const wg_triangle *t, double *x, int step, int columns) {
  const int blocks = (t->n + 31) / 32;
  for (int b = 0; b < blocks; ++b) {
    const int start = 32 * (t->upper ? blocks - 1 - b : b), end = start + 32 < t->n ? start + 32 : t->n;
    const int first = t->upper ? end : 0, done = t->upper ? t->n - end : start;
    const int lanes = wg_in_lanes(end - start, done, columns, t->column, columns, 1);
    for (int i = start; done > 0 && i < end; ++i)
      for (int c = 0; c < columns; ++c) {
        const double *row = t->data + i * t->row + first * t->column;
        x[i * step + c] = x[i * step + c] - wg_inner(row, t->column, x + first * step + c, step, done, lanes);
      }
    wg_solve_directly(t, start, end, x, step, 0, columns);
  }
}
/* Brings the row with the largest element of column k to place k; a NaN counts as the largest. */
WG_FN void wg_exchange(double *a, int m, int n, int k, int *rows, double *sign) {
  int best = k;
  for (int i = k + 1; i < m; ++i) {
    const double most = wg_fabs(a[best * n + k]), size = wg_fabs(a[i * n + k]);
    if (most == most && (size > most || size != size)) best = i;
  }
  if (best == k) return;
  for (int j = 0; j < n; ++j) {
    const double other = a[best * n + j];
    a[best * n + j] = a[k * n + j], a[k * n + j] = other;
  }
  const int other = rows[best];
  rows[best] = rows[k], rows[k] = other;
  *sign = -*sign;
}
/* Replaces a matrix by its factors; row i of them is row rows[i] of it. Gives the first pivot that is 0, or -1. */
WG_FN int wg_lu(double *a, int m, int n, int *rows, double *sign) {
  int zero = -1;
  for (int i = 0; i < m; ++i) rows[i] = i;
  *sign = 1.0;
  for (int start = 0; start < n; start += 32) {
    const int end = start + 32 < n ? start + 32 : n, done = start < m ? start : m, width = end - start;
    if (done > 0) {
      const wg_triangle t = {a, done, n, 1, 0, 1};
      wg_solve_triangle(&t, a + start, n, width);
      const int lanes = wg_in_lanes(m - done, done, width, 1, width, 1);
      for (int i = done; i < m; ++i)
        for (int c = start; c < end; ++c)
          a[i * n + c] = a[i * n + c] - wg_inner(a + i * n, 1, a + c, n, done, lanes);
    }
    for (int k = start; k < end && k < m; ++k) {
      wg_exchange(a, m, n, k, rows, sign);
      const double pivot = a[k * n + k];
      if (pivot == 0.0) {
        if (zero < 0) zero = k;
        continue;
      }
      for (int i = k + 1; i < m; ++i) {
        a[i * n + k] = a[i * n + k] / pivot;
        const double factor = -a[i * n + k];
        for (int j = k + 1; j < end; ++j) a[i * n + j] = a[i * n + j] + factor * a[k * n + j];
      }
    }
  }
  return zero;
}
/* Solves A X = X, where the rows of X are in the order of the factors of A already. */
WG_FN void wg_solve_factors(const double *lu, int n, double *x, int columns) {
  const wg_triangle l = {lu, n, n, 1, 0, 1}, u = {lu, n, n, 1, 1, 0};
  wg_solve_triangle(&l, x, columns, columns);
  wg_solve_triangle(&u, x, columns, columns);
}
/* Replaces a symmetric matrix, of which the upper triangle is read, by its lower factor. Gives whether there is one. */
WG_FN int wg_cholesky(double *a, int n) {
  for (int start = 0; start < n; start += 32) {
    const int end = start + 32 < n ? start + 32 : n;
    for (int i = start; start > 0 && i < end; ++i)
      for (int c = i; c < n; ++c) a[i * n + c] = a[i * n + c] - wg_inner(a + i, n, a + c, n, start, 0);
    for (int i = start; i < end; ++i) {
      for (int k = start; k < i; ++k)
        for (int c = i; c < end; ++c) a[i * n + c] = a[i * n + c] - a[k * n + i] * a[k * n + c];
      if (!(a[i * n + i] > 0.0 && a[i * n + i] < wg_inf())) return 0;
      const double root = wg_sqrt(a[i * n + i]);
      a[i * n + i] = root;
      for (int c = i + 1; c < end; ++c) a[i * n + c] = a[i * n + c] / root;
    }
    const wg_triangle t = {a + start * n + start, end - start, 1, n, 0, 0};
    wg_solve_directly(&t, 0, end - start, a + start * n, n, end, n);
  }
  for (int i = 0; i < n; ++i)
    for (int j = i + 1; j < n; ++j) a[j * n + i] = a[i * n + j], a[i * n + j] = 0.0;
  return 1;
}
/* From half of the cotangent of a lower factor to that of the matrix; x has room for 32 rows. */
WG_FN void wg_cholesky_back(const double *l, double *s, int n, double *x) {
  for (int start = (n - 1) / 32 * 32; start >= 0; start -= 32) {
    const int end = start + 32 < n ? start + 32 : n, width = end - start, below = n - end;
    const double *columns = l + end * n + start;
    for (int j = 0; j < width; ++j)
      for (int i = 0; i < below; ++i)
        x[j * below + i] =
          s[(end + i) * n + start + j] - wg_inner(columns + j, n, s + end * n + end + i, n, below, 0);
    if (below > 0) {
      const wg_triangle t = {l + start * n + start, width, 1, n, 1, 0};
      wg_solve_directly(&t, 0, width, x, below, 0, below);
    }
    for (int j = 0; below > 0 && j < width; ++j) {
      double *row = s + (start + j) * n;
      for (int c = 0; c < width; ++c)
        row[start + c] = row[start + c] - wg_inner(x + j * below, 1, columns + c, n, below, 0);
      for (int i = 0; i < below; ++i) row[end + i] = x[j * below + i];
    }
    for (int i = 0; i < below; ++i)
      for (int j = 0; j < width; ++j) s[(end + i) * n + start + j] = x[j * below + i];
    for (int j = end - 1; j >= start; --j) {
      double g = s[j * n + j];
      const double pivot = l[j * n + j];
      for (int i = j + 1; i < end; ++i) {
        x[i] = s[i * n + j];
        for (int m = j + 1; m < end; ++m) x[i] = x[i] - l[m * n + j] * s[m * n + i];
      }
      for (int i = j + 1; i < end; ++i) {
        x[i] = x[i] / pivot;
        g = g - x[i] * l[i * n + j];
        s[i * n + j] = x[i], s[j * n + i] = x[i];
      }
      s[j * n + j] = g / pivot;
    }
  }
}
