# Rscript tools/r_reference.R > tests/data/r_reference.json
#
# Reference values from R for the tests of charts, rules of change, attendance and figures of a
# caseload: each case is a call as text, and what it gives stands beside it. One script makes them
# all. Where R or a package of it has the statistic, that is called; the rest is written from the
# formulas, not from the Python code. Needs Debian's r-base-core, r-cran-boot, r-cran-survival,
# r-cran-survey and r-cran-vgam.

nist <- c(49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
course <- c(48, 50, 49, 51, 50, 49, 38, 44, 49, 51)
slow <- c(48, 50, 49, 51, 50, 49, 48, 48, 47, 49, 46, 47, 45, 46)
items <- c(1, 2, 3, 2, 1, 2, 4, 6, 5, 2)
zones <- c(
  -2.1, 0.4, -2.3, -2.2, 0.1, 1.2, 1.0, 0.7, 0.2, -0.3, -1.2, -0.4, -1.1, -1.6, -1.3, -0.2, -1.9,
  -0.6, -0.1, -0.7, 0.3, 2.2, -2.4, -1.4, -1.1, -2.5, -1.2, -0.9, 0.6, -0.8
)
steps <- c(48, 50, 49, 51, 50, 49, 50, 48, 40, 41, 39, 40, 41, 40, 39, 46, 47, 45, 46, 47, 46, 45)
down <- c(50, 49, 49, 48, 47, 47, 46, 45, 46, 44, 43, 43, 42, 41, 41, 40, 39, 39)
flat <- c(48, 50, 49, 51, 50, 49, 50, 48, 49, 50, 51, 49, 48, 50)

# Freireich et al. 1963, Blood 21, 699-716: weeks of remission under 6-mercaptopurine and placebo.
mercaptopurine <- list(
  t = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  e = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
)
placebo <- list(
  t = c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23), e = rep(1, 21)
)
# Collett, Modelling Survival Data in Medical Research, table 1.1: weeks to giving up an IUD.
iud <- list(
  t = c(10, 13, 18, 19, 23, 30, 36, 38, 54, 56, 59, 75, 93, 97, 104, 107, 107, 107),
  e = c(1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0)
)
# Made: episodes of five clients.
several <- list(
  t = c(1, 1, 2, 2, 3, 3, 3, 5, 6, 8, 0, 2), e = c(1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1)
)
whose <- c(1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5)
# Made: changes of alliance after episodes of 24 clients, and whether they were repaired.
client <- c(1, 1, 2, 3, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 12, 13, 14, 15, 16, 16, 17, 18,
            19, 19, 20, 21, 22, 22, 23, 24, 24)
repaired <- c(1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0,
              0, 0, 1, 0, 0)
change <- c(2.1, -0.4, 1.2, 0.3, 1.9, -1.1, 0.8, 2.6, 0.2, 1.4, -0.3, 1.0, 1.7, 2.2, -0.9, 0.5, 1.6,
            0.1, 0.9, 2.4, -0.6, 0.7, -1.3, 0.4, 1.1, -0.2, 0.6, -0.8, 0.3, -1.5, 0.0, 1.8, -0.7,
            0.9)

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
in_twelve <- function(p) 1 - (1 - p)^12

# Jacobson & Truax 1991, cut-off c.
between <- function(m1, sd1, m2, sd2) (sd1 * m2 + sd2 * m1) / (sd1 + sd2)

# Where `hits` of the last `window` begin to hold, the last among them; and falls in a row.
begins <- function(far, hits, window) {
  holds <- far & stats::filter(c(rep(0, window - 1), far), rep(1, window), sides = 1)[
    window:(length(far) + window - 1)] >= hits
  which(holds & !c(FALSE, head(holds, -1)))
}
falls <- function(x, n) {
  down <- stats::embed(x, n)
  holds <- apply(down, 1, function(last_first) all(diff(last_first) > 0))
  which(holds & !c(FALSE, head(holds, -1))) + n - 1
}

# The best segmentation by least squares with a penalty for each change, by trying them all
# (optimal partitioning, Jackson et al. 2005); the places after which the level changes.
optimal <- function(x, shortest = 3, penalty = 3) {
  sigma <- mean(abs(diff(x))) / 1.128
  z <- (x - mean(x)) / sigma
  n <- length(z)
  cost <- function(i, j) sum((z[i:j] - mean(z[i:j]))^2)
  best <- c(-penalty * log(n), rep(Inf, n))
  last <- rep(0, n)
  for (j in shortest:n) for (i in 0:(j - shortest)) {
    own <- best[i + 1] + cost(i + 1, j) + penalty * log(n)
    if (own < best[j + 1]) {
      best[j + 1] <- own
      last[j] <- i
    }
  }
  ends <- c()
  at <- last[n]
  while (at > 0) {
    ends <- c(at, ends)
    at <- last[at]
  }
  as.numeric(ends)
}

# Kaplan & Meier, and the median with its limits; `whose` for the jackknife by client.
fit <- function(d) survival::survfit(survival::Surv(t, e) ~ 1, data = d, conf.type = "log-log")
km <- function(d) summary(fit(d))
km_of_clients <- function(d, whose) {
  summary(survival::survfit(
    survival::Surv(t, e) ~ 1, data = data.frame(d, whose), conf.type = "log-log", cluster = whose
  ))
}
half <- function(d) unlist(quantile(fit(d), 0.5), use.names = FALSE)
of <- function(t, e) list(t = t, e = e)

# The standard error of a share of clients' episodes, clients drawn whole.
cluster_error <- function(hits, n) {
  rows <- data.frame(
    y = unlist(mapply(function(h, n) rep(c(1, 0), c(h, n - h)), hits, n)), id = rep(seq_along(n), n)
  )
  design <- survey::svydesign(ids = ~id, weights = ~1, data = rows)
  as.numeric(survey::SE(survey::svymean(~y, design)))
}
wilson <- function(hits, n) {
  suppressWarnings(as.numeric(prop.test(hits, n, correct = FALSE)$conf.int))
}

# P(X >= hits), X beta-binomial.
at_least <- function(hits, size, a, b) 1 - VGAM::pbetabinom.ab(hits - 1, size, a, b)

# Percentile limits of the difference of two means, clients drawn whole.
difference <- function(client, repaired, change, draws) {
  set.seed(1)
  sums <- rowsum(cbind(repaired * change, repaired, (1 - repaired) * change, 1 - repaired), client)
  gap <- function(sums, drawn) {
    s <- colSums(sums[drawn, ])
    s[[1]] / s[[2]] - s[[3]] / s[[4]]
  }
  made <- boot::boot(sums, gap, draws)
  c(made$t0, boot::boot.ci(made, type = "perc")$percent[4:5])
}

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
  "fall_chance(c(1, 1.5, 2), 0.5)",
  "in_twelve(fall_chance(1, 0))",
  "in_twelve(pnorm(-c(2, 3)))",
  "between(40, 7.5, 60, 7.5)",
  "between(40, 5, 60, 10)",
  "begins(zones < -2, 2, 3)",
  "begins(zones < -1, 4, 5)",
  "begins(zones < 0, 8, 8)",
  "falls(zones, 6)",
  "optimal(steps)",
  "optimal(down)",
  "optimal(flat)",
  "optimal(course)",
  "km(mercaptopurine)$time",
  "km(mercaptopurine)$n.risk",
  "km(mercaptopurine)$n.event",
  "km(mercaptopurine)$surv",
  "km(mercaptopurine)$std.err",
  "km(mercaptopurine)$lower",
  "km(mercaptopurine)$upper",
  "km(placebo)$surv",
  "km(placebo)$std.err",
  "km(iud)$surv",
  "km(iud)$std.err",
  "km(iud)$lower",
  "km(iud)$upper",
  "km(several)$std.err",
  "km(several)$lower",
  "km(several)$upper",
  "km_of_clients(several, whose)$std.err",
  "km_of_clients(several, whose)$lower",
  "km_of_clients(several, whose)$upper",
  "half(mercaptopurine)",
  "half(placebo)",
  "half(iud)",
  "half(of(1:4, c(1, 1, 0, 0)))",
  "half(of(1:6, c(1, 1, 1, 0, 0, 1)))",
  "half(of(1:4, c(1, 1, 1, 1)))",
  "half(of(c(1, 1, 1, 1), c(1, 1, 0, 0)))",
  "half(of(c(0, 0, 1, 2, 3), c(1, 1, 0, 1, 0)))",
  "half(of(c(2, 3), c(0, 0)))",
  "cluster_error(c(3, 1, 0, 2, 4, 0), c(4, 3, 2, 2, 5, 3))",
  "cluster_error(c(5, 0, 1, 3, 2), c(5, 6, 1, 4, 8))",
  "wilson(81, 263)",
  "wilson(15, 148)",
  "wilson(0, 20)",
  "wilson(1, 29)",
  "wilson(29, 29)",
  "at_least(1:3, 3, 1, 9)",
  "at_least(1:2, 2, 1.9, 8.1)",
  "at_least(1:3, 3, 3, 31.5)",
  "at_least(1, 1, 1, 33)",
  "difference(client, repaired, change, 20000)"
)

as_json <- function(value) {
  one <- if (is.logical(value)) {
    ifelse(is.na(value), "null", ifelse(value, "true", "false"))
  } else {
    ifelse(is.na(value), "null", sprintf("%.15g", value))
  }
  paste0("[", paste(one, collapse = ", "), "]")
}

cases <- sapply(calls, function(call) {
  sprintf("    {\"call\": \"%s\", \"value\": %s}", call, as_json(eval(parse(text = call))))
})
kept <- c(
  "nist", "course", "slow", "items", "zones", "steps", "down", "flat",
  "client", "repaired", "change"
)
series <- sapply(kept, function(name) {
  sprintf("    \"%s\": %s", name, as_json(get(name)))
})
packages <- sapply(c("boot", "survival", "survey", "VGAM"), function(name) {
  paste(name, packageVersion(name))
})
made_with <- paste(c(R.version.string, packages), collapse = ", ")
cat("{\n  \"r\": \"", made_with, "\",\n  \"series\": {\n", sep = "")
cat(paste(series, collapse = ",\n"), "\n  },\n  \"cases\": [\n", sep = "")
cat(paste(cases, collapse = ",\n"), "\n  ]\n}\n", sep = "")
