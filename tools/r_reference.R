# Rscript tools/r_reference.R > tests/data/r_reference.json
#
# Reference values from base R for tests/test_charts.py and tests/test_change.py. Each case is a call
# as text; what it gives stands beside it. Written from the formulas, not from the Python code.

nist <- c(49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
course <- c(48, 50, 49, 51, 50, 49, 38, 44, 49, 51)
slow <- c(48, 50, 49, 51, 50, 49, 48, 48, 47, 49, 46, 47, 45, 46)
items <- c(1, 2, 3, 2, 1, 2, 4, 6, 5, 2)

# Individuals chart: center, limits and the upper limit of the moving range.
xmr <- function(x, k, median = FALSE) {
  first <- head(x, k)
  ranges <- abs(diff(first))
  sigma <- if (median) stats::median(ranges) / 0.954 else base::mean(ranges) / 1.128
  c(mean(first), mean(first) - 3 * sigma, mean(first) + 3 * sigma, sigma, 3.267 * 1.128 * sigma)
}

# EWMA as a recursive filter started at the center, with its exact limit.
ewma <- function(x, center, weight = 0.2) {
  as.numeric(stats::filter(weight * x, 1 - weight, method = "recursive", init = center))
}
ewma_width <- function(n, sigma, weight = 0.2) {
  3 * sigma * sqrt(weight / (2 - weight) * (1 - (1 - weight)^(2 * seq_len(n))))
}

# One-sided lower CUSUM in sigmas.
cusum <- function(z, slack = 0.5) {
  Reduce(function(sum, one) max(0, sum - one - slack), z, accumulate = TRUE, 0)[-1]
}

sem <- function(sd, r) sd * sqrt(1 - r)
rci <- function(before, after, sd, r) (after - before) / (sqrt(2) * sem(sd, r))

# Sudden falls, Tang & DeRubeis 1999, criteria 1 to 3, for the intervals 2to3 to (k-2)to(k-1).
sudden <- function(x, cutoff, share = 0.25) {
  sapply(2:(length(x) - 2), function(n) {
    pre <- x[max(1, n - 2):n]
    post <- x[(n + 1):min(length(x), n + 3)]
    if (is.na(x[n]) || is.na(x[n + 1])) return(NA)
    pre <- pre[!is.na(pre)]
    post <- post[!is.na(post)]
    if (length(pre) < 2 || length(post) < 2) return(NA)
    df <- length(pre) + length(post) - 2
    pooled <- sqrt(((length(pre) - 1) * var(pre) + (length(post) - 1) * var(post)) / df)
    fall <- x[n] - x[n + 1]
    enough <- is.null(share) || fall >= share * x[n]
    fall >= cutoff && enough && mean(pre) - mean(post) > qt(0.975, df) * pooled
  })
}

fall_chance <- function(k, r) pnorm(-k / sqrt(2 * (1 - r)))

calls <- c(
  "xmr(nist, 10)",
  "xmr(nist, 10, median = TRUE)",
  "xmr(course, 10)",
  "xmr(course, 6)",
  "xmr(course, 6, median = TRUE)",
  "ewma(course, 49.5)",
  "ewma_width(10, 1.4 / 1.128)",
  "ewma(slow, 49.5)",
  "cusum((tail(course, -6) - 49.5) / (1.4 / 1.128))",
  "cusum((tail(slow, -6) - 49.5) / (1.4 / 1.128))",
  "cusum(-(tail(items, -6) - mean(head(items, 6))) / (mean(abs(diff(head(items, 6)))) / 1.128))",
  "sd(head(course, 6))",
  "qt(0.975, 2:4)",
  "c(sem(10.5, 0.961), sqrt(2) * sem(10.5, 0.961), 1.96 * sqrt(2) * sem(10.5, 0.961))",
  "c(sem(6.396073, 0.931), sqrt(2) * sem(6.396073, 0.931), 1.96 * sqrt(2) * sem(6.396073, 0.931))",
  "rci(32.5, 47.5, 7.5, 0.8)",
  "1.96 * sqrt(2) * sem(9.6, 0.91)",
  "sudden(c(28, 19, 23, 12, 13, NA), 7)",
  "sudden(c(28, 19, 23, 11, 12, NA), 7)",
  "sudden(c(28, 25, 28, 11, 12, NA), 7)",
  "sudden(c(28, 19, NA, 12, 13, NA), 7)",
  "sudden(c(NA, 26, 28, NA, 12, 11), 7)",
  "sudden(c(35, 37, 23, 23, 24, 21), 7)",
  "sudden(c(35, 37, 34, 24, 24, 21), 7)",
  "sudden(c(35, 37, 34, 34, 24, 21), 7)",
  "sudden(c(35, 37, 34, 37, 37, 37), 7)",
  "sudden(c(35, 37, 34, 23, 24, 21, 29, 17, 11, 11, 10, 7), 7)",
  "sudden(-c(40, 41, 40, 48, 49, 48), 7, share = NULL)",
  "sudden(course, 7)",
  "sudden(course, 7, share = NULL)",
  "fall_chance(c(1, 1.5, 2), 0)",
  "fall_chance(c(1, 1.5, 2), 0.3)",
  "fall_chance(c(1, 1.5, 2), 0.5)"
)

as_json <- function(value) {
  one <- if (is.logical(value)) {
    ifelse(is.na(value), "null", ifelse(value, "true", "false"))
  } else {
    sprintf("%.15g", value)
  }
  paste0("[", paste(one, collapse = ", "), "]")
}

cases <- sapply(calls, function(call) {
  sprintf("    {\"call\": \"%s\", \"value\": %s}", call, as_json(eval(parse(text = call))))
})
series <- sapply(c("nist", "course", "slow", "items"), function(name) {
  sprintf("    \"%s\": %s", name, as_json(get(name)))
})
cat("{\n  \"r\": \"", R.version.string, "\",\n  \"series\": {\n", sep = "")
cat(paste(series, collapse = ",\n"), "\n  },\n  \"cases\": [\n", sep = "")
cat(paste(cases, collapse = ",\n"), "\n  ]\n}\n", sep = "")
