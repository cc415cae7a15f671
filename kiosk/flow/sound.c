/* SPDX-License-Identifier: Apache-2.0 */

/* Each sound is one or two notes: a sine with a soft beginning and end, computed when played. */
#include "kiosk/flow/sound.h"

#include <math.h>

#include <SDL2/SDL.h>

#include "common/compiler.h"
#include "common/must.h"

enum {
    RATE_HZ = 22050,
    NOTES_MAX = 2,
    NOTE_MS_MAX = 220,
    CLOSE_AFTER_MS = 5000,
};

struct note {
    int hz;
    int ms; /* 0: no note */
};

static const struct note NOTES[SESSION_SOUND_COUNT][NOTES_MAX] = {
    [SESSION_SOUND_CLICK] = {{1800, 12}, {0, 0}},
    [SESSION_SOUND_ATTENTION] = {{880, 160}, {660, 200}},
    [SESSION_SOUND_SUCCESS] = {{660, 120}, {990, 220}},
    [SESSION_SOUND_PROBLEM] = {{392, 200}, {330, 220}},
    [SESSION_SOUND_LAY_CARD] = {{660, 140}, {880, 160}},
    [SESSION_SOUND_TAKE_CARD] = {{1175, 140}, {1175, 220}},
};

static bool device_open(struct sound *sound)
{
    if (sound->missing) {
        return false;
    }
    if (sound->device != 0) {
        return true;
    }
    sound->started = sound->started || SDL_InitSubSystem(SDL_INIT_AUDIO) == 0;
    SDL_AudioSpec want = {.freq = RATE_HZ, .format = AUDIO_S16SYS, .channels = 1, .samples = 512};
    if (sound->started) {
        sound->device = SDL_OpenAudioDevice(NULL, 0, &want, NULL, 0);
    }
    sound->missing = sound->device == 0;
    if (sound->device != 0) {
        SDL_PauseAudioDevice(sound->device, 0);
    }
    return sound->device != 0;
}

static void note_play(const struct sound *sound, struct note note, uint8_t volume)
{
    static const double loudness[4] = {0.0, 0.12, 0.3, 0.7};
    int16_t samples[RATE_HZ * NOTE_MS_MAX / 1000 / 4]; /* queued in four parts: small frames */
    const int count = RATE_HZ * note.ms / 1000;
    const int edge = count < 200 ? count / 2 : 100;
    int done = 0;
    while (done < count) {
        int part = 0;
        for (; part < (int)ARRAY_COUNT(samples) && done < count; part++, done++) {
            int from_end = count - done;
            int near_edge = done < from_end ? done : from_end;
            double shape = near_edge < edge ? (double)near_edge / edge : 1.0;
            double angle = 2.0 * 3.14159265358979 * note.hz * done / RATE_HZ;
            samples[part] = (int16_t)(sin(angle) * shape * loudness[volume] * 30000.0);
        }
        (void)SDL_QueueAudio(sound->device, samples, (Uint32)(sizeof(samples[0]) * (size_t)part));
    }
}

void sound_play(struct sound *sound, enum session_sound which, uint8_t volume, int64_t now_ms)
{
    MUST(which < SESSION_SOUND_COUNT);
    MUST(volume <= 3);
    if (volume == 0 || !device_open(sound)) {
        return;
    }
    SDL_ClearQueuedAudio(sound->device);
    for (size_t i = 0; i < NOTES_MAX; i++) {
        if (NOTES[which][i].ms > 0) {
            note_play(sound, NOTES[which][i], volume);
        }
    }
    sound->close_ms = now_ms + CLOSE_AFTER_MS;
}

int64_t sound_deadline_ms(const struct sound *sound)
{
    return sound->device != 0 ? sound->close_ms : INT64_MAX;
}

void sound_tick(struct sound *sound, int64_t now_ms)
{
    if (sound->device != 0 && now_ms >= sound->close_ms) {
        SDL_CloseAudioDevice(sound->device);
        sound->device = 0;
    }
}

void sound_close(struct sound *sound)
{
    if (sound->device != 0) {
        SDL_CloseAudioDevice(sound->device);
        sound->device = 0;
    }
    if (sound->started) {
        SDL_QuitSubSystem(SDL_INIT_AUDIO);
        sound->started = false;
    }
}
