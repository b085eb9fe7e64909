// std::mutex under the engine: this program is linked with --wrap for the two calls below. A task
// that blocked in the kernel would keep the baton, and the one that holds the mutex would never get
// it to go on.

#include "tests/simulation/engine.h"

#include <pthread.h>

#include <cerrno>

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {

int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
    muster::simulation::Engine* engine = muster::simulation::Engine::of_this_thread();
    if (engine == nullptr) {
        return __real_pthread_mutex_lock(mutex);
    }
    int outcome = pthread_mutex_trylock(mutex);
    while (outcome == EBUSY) {
        engine->wait_for_mutex(mutex);
        outcome = pthread_mutex_trylock(mutex);
    }
    return outcome;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
    const int outcome = __real_pthread_mutex_unlock(mutex);
    if (muster::simulation::Engine* engine = muster::simulation::Engine::of_this_thread()) {
        engine->mutex_is_free(mutex);
    }
    return outcome;
}
}
// NOLINTEND(bugprone-reserved-identifier)
