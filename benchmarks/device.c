/* Run an exported library called `words` on samples from standard input, all numbers little-endian: how many samples (int32); for each
   how many spikes (int32), their times (float32, ms) and channels (int32). Prints the logits of each, one sample a line, and last the
   seconds that all of them took. */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static words_network net;

static void fetch(void *to, size_t size, size_t count)
{
    if (fread(to, size, count, stdin) != count) {
        fputs("the samples end too soon\n", stderr);
        exit(1);
    }
}

int main(void)
{
    int32_t samples;
    double seconds = 0;
    fetch(&samples, sizeof samples, 1);
    for (int32_t sample = 0; sample < samples; sample++) {
        int32_t spikes;
        int status = WORDS_OK;
        LOGIT logits[WORDS_CLASSES];
        fetch(&spikes, sizeof spikes, 1);
        float *times = malloc((size_t)(spikes + 1) * sizeof *times);
        int32_t *channels = malloc((size_t)(spikes + 1) * sizeof *channels);
        fetch(times, sizeof *times, (size_t)spikes);
        fetch(channels, sizeof *channels, (size_t)spikes);
        const clock_t started = clock();
        words_init(&net);
        for (int32_t k = 0; k < spikes; k++)
            status |= words_push_spike(&net, times[k], channels[k]);
        status |= words_advance(&net, WORDS_DURATION);
        words_logits(&net, logits);
        seconds += (double)(clock() - started) / CLOCKS_PER_SEC;
        if (status != WORDS_OK) {
            fprintf(stderr, "sample %d: status %d\n", (int)sample, status);
            return 1;
        }
        for (int k = 0; k < WORDS_CLASSES; k++)
            printf("%.9g ", (double)logits[k]);
        putchar('\n');
        free(times);
        free(channels);
    }
    printf("%.6f\n", seconds);
    return 0;
}
