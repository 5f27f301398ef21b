/* How fast this machine moves bytes and multiplies: `limits THREADS`.
 * Prints GB/s of sums over arrays of some sizes, 10^9 multiply-adds a second of float, each of all threads together,
 * by the processor time of each, so that what else the machine does hardly counts. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LANES 256
#ifndef SECONDS
#define SECONDS 0.4 /* for each figure */
#endif

typedef struct {
    float *array;
    size_t size;
    double done;
    float result;
} Job;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* y += a x over an array, as a row of weights is added to currents: two reads and a write of 4 bytes each. */
static void *add_rows(void *given)
{
    Job *job = given;
    size_t half = job->size / 2;
    float *x = job->array, *y = job->array + half;
    for (size_t i = 0; i < job->size; i++) job->array[i] = 1.0f; /* memory is there from now on */
    double start = now(), passed;
    do {
        for (size_t i = 0; i < half; i++) y[i] += 1e-9f * x[i];
        job->done += 12.0 * half;
        passed = now() - start;
    } while (passed < SECONDS);
    job->done /= passed;
    job->result = y[half / 2];
    return NULL;
}

static void *multiply(void *given)
{
    Job *job = given;
    float sum[LANES] = {0}, factor = 0.999f + 1e-6f * job->size;
    double start = now(), passed;
    do {
        for (int k = 0; k < 20000; k++)
            for (int i = 0; i < LANES; i++) sum[i] = sum[i] * factor + 0.5f;
        job->done += 20000.0 * LANES;
        passed = now() - start;
    } while (passed < SECONDS);
    job->done /= passed;
    for (int i = 0; i < LANES; i++) job->result += sum[i];
    return NULL;
}

static double run(void *(*work)(void *), int threads, size_t size)
{
    Job *jobs = calloc(threads, sizeof *jobs);
    pthread_t *handles = calloc(threads, sizeof *handles);
    double total = 0;
    for (int t = 0; t < threads; t++) {
        jobs[t].size = size;
        jobs[t].array = calloc(size, sizeof(float));
        pthread_create(&handles[t], NULL, work, &jobs[t]);
    }
    for (int t = 0; t < threads; t++) {
        pthread_join(handles[t], NULL);
        total += jobs[t].done;
        free(jobs[t].array);
    }
    free(jobs);
    free(handles);
    return 1e-9 * total;
}

int main(int count, char **arguments)
{
    int threads = count > 1 ? atoi(arguments[1]) : 1;
    size_t kib[] = {32, 512, 1536, 8192, 65536, 262144};
    for (int k = 0; k < 6; k++) printf("%zu %.3f\n", kib[k], run(add_rows, threads, kib[k] * 256));
    printf("fma %.3f\n", run(multiply, threads, 1));
    return 0;
}
