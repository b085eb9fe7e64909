// std::mutex and std::condition_variable under the engine: this program is linked with --wrap for
// the calls below. A task that blocked in the kernel would keep the baton, and whoever is to wake
// it would never get it to go on.

#include "tests/simulation/engine.h"

#include <pthread.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>

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

using Condition = std::condition_variable;
using Lock = std::unique_lock<std::mutex>;

void __real__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(Condition*, Lock*);
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(Condition*, Lock*);
void __real__ZNSt18condition_variable10notify_oneEv(Condition*);
void __wrap__ZNSt18condition_variable10notify_oneEv(Condition*);
void __real__ZNSt18condition_variable10notify_allEv(Condition*);
void __wrap__ZNSt18condition_variable10notify_allEv(Condition*);

void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(Condition* condition,
                                                                      Lock* lock) {
    muster::simulation::Engine* engine = muster::simulation::Engine::of_this_thread();
    if (engine == nullptr) {
        __real__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(condition, lock);
        return;
    }
    lock->unlock();
    engine->wait_for_condition(condition);
    lock->lock();
    engine->throw_if_dead();
}

/// One or all is the same to code that looks at its predicate again.
void __wrap__ZNSt18condition_variable10notify_oneEv(Condition* condition) {
    __real__ZNSt18condition_variable10notify_oneEv(condition);
    if (muster::simulation::Engine* engine = muster::simulation::Engine::of_this_thread()) {
        engine->notify(condition);
    }
}

void __wrap__ZNSt18condition_variable10notify_allEv(Condition* condition) {
    __real__ZNSt18condition_variable10notify_allEv(condition);
    if (muster::simulation::Engine* engine = muster::simulation::Engine::of_this_thread()) {
        engine->notify(condition);
    }
}
}
// NOLINTEND(bugprone-reserved-identifier)
