#include "net/wake_queue.h"

namespace muster::net {

Sleeper::~Sleeper() {
    if (queue_ != nullptr) {
        queue_->remove(*this);
    }
}

WakeQueue::~WakeQueue() {
    for (Sleeper* sleeper : heap_) {
        sleeper->queue_ = nullptr;
    }
}

void WakeQueue::wake_by(SteadyTime time, Sleeper& sleeper) {
    if (sleeper.queue_ == nullptr) {
        sleeper.queue_ = this;
        sleeper.time_ = time;
        heap_.push_back(&sleeper);
        sift_up(sleeper, heap_.size() - 1);
    } else if (time < sleeper.time_) {
        sleeper.time_ = time;
        sift_up(sleeper, sleeper.position_);
    }
}

void WakeQueue::remove(Sleeper& sleeper) {
    if (sleeper.queue_ != this) {
        return;
    }
    const std::size_t hole = sleeper.position_;
    Sleeper& last = *heap_.back();
    heap_.pop_back();
    sleeper.queue_ = nullptr;
    if (&last == &sleeper) {
        return;
    }
    sift_up(last, hole);
    sift_down(last, last.position_);
}

Sleeper* WakeQueue::pop_due(SteadyTime now) {
    if (heap_.empty() || heap_.front()->time_ > now) {
        return nullptr;
    }
    Sleeper* first = heap_.front();
    remove(*first);
    return first;
}

std::optional<SteadyTime> WakeQueue::earliest() const {
    if (heap_.empty()) {
        return std::nullopt;
    }
    return heap_.front()->time_;
}

void WakeQueue::place(Sleeper& sleeper, std::size_t position) {
    heap_[position] = &sleeper;
    sleeper.position_ = position;
}

void WakeQueue::sift_up(Sleeper& sleeper, std::size_t position) {
    while (position > 0) {
        const std::size_t parent = (position - 1) / 2;
        if (heap_[parent]->time_ <= sleeper.time_) {
            break;
        }
        place(*heap_[parent], position);
        position = parent;
    }
    place(sleeper, position);
}

void WakeQueue::sift_down(Sleeper& sleeper, std::size_t position) {
    for (;;) {
        std::size_t child = 2 * position + 1;
        if (child + 1 < heap_.size() && heap_[child + 1]->time_ < heap_[child]->time_) {
            ++child;
        }
        if (child >= heap_.size() || sleeper.time_ <= heap_[child]->time_) {
            break;
        }
        place(*heap_[child], position);
        position = child;
    }
    place(sleeper, position);
}

} // namespace muster::net
